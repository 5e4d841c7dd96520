"""The report of `spikeloom steps` in Markdown: a table for each technology, and what decides."""

from spikeloom.plots.style import GROUPS


def text(study, points):
    """The whole report. A rival's row has no steps."""
    lines = [f"# {study.name}: accuracy, time and energy against time steps", ""]
    if any(point.synthetic for point in points):
        lines += ["**SYNTHETIC DATA**: some traces hold random numbers; their rows say nothing about a model.", ""]
    lines += [
        f"One sentence of {points[0].tokens} tokens through all encoders, one after another. Accuracy is that of the "
        "whole test part after so many steps; of models without steps, at the equilibrium. Energy of models without "
        "steps lacks attention's two products, which their traces do not hold.",
        "",
    ]
    for technology in dict.fromkeys(point.technology for point in points):
        lines += _table(technology, [point for point in points if point.technology == technology])
    return "\n".join(lines)


def _table(technology, points):
    rivals = [point for point in points if point.model.rival]
    least = min(rivals, key=lambda point: point.pj)
    lines = [
        f"## {technology}",
        "",
        f"Ratios are against {least.model.name}, the rival that takes least.",
        "",
        "| model | steps | accuracy | cycles | energy (uJ) | ratio | most of it |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    lines += [_row(point, least) for point in points]
    return [*lines, ""]


def _row(point, least):
    accuracy = point.model.accuracy_at(point.steps)
    most = sorted(point.groups.items(), key=lambda item: -item[1])[:3]
    shares = ", ".join(f"{GROUPS[group][0]} {100 * pj / point.pj:.0f} %" for group, pj in most)
    return (
        f"| {point.model.name} | {point.steps or '-'} | {'-' if accuracy is None else f'{accuracy:.1%}'} "
        f"| {point.cycles:,} | {point.pj / 1e6:.2f} | {point.pj / least.pj:.2f} | {shares} |"
    )
