"""How much each parameter of a study decides whether a trial is among the best, a panel per objective."""

from spikeloom.plots import style

BAR_INCHES = 0.32
COLOUR = "#0077BB"


def draw(study):
    """The figure of a Study."""
    panel = 0.9 + BAR_INCHES * len(study.parameters)
    picture = style.headed_figure(
        f"Importance of parameters in {study.name}",
        "share of a parameter in whether a complete trial is among the best quarter (PED-ANOVA, arXiv 2304.10255)",
        study.synthetic,
        style.HEADING_INCHES + 0.2 + panel * len(study.objectives),
    )
    for i, objective in enumerate(study.objectives):
        axes = style.place(picture, 4.2, style.HEADING_INCHES + 0.3 + i * panel, style.WIDTH_INCHES - 4.6, panel - 0.7)
        shares = study.importance(objective).reindex(study.parameters)[::-1]
        axes.set_title(objective if shares.notna().any() else f"{objective}: too few complete trials, or all alike")
        axes.barh(list(shares.index), shares.fillna(0), color=COLOUR)
        axes.set_xlim(0, 1)
        axes.tick_params(labelsize=9)
    return picture
