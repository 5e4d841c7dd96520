"""The list of methods that --help shows, and what every method must say of itself."""

import pytest

from spikeloom import UserError
from spikeloom.models import methods
from spikeloom.models.methods.registry import METHODS, Settings, make_method


def test_the_shown_names_are_the_methods():
    assert tuple(METHODS) == methods.NAMES


@pytest.mark.parametrize("name", methods.NAMES)
def test_a_method_goes_by_its_name_and_states_its_assumptions(name):
    method = make_method(name, Settings())
    assert method.name == name
    assert method.assumptions and all(isinstance(text, str) and text for text in method.assumptions.values())


def test_settings_outside_their_ranges_are_refused():
    for wrong in ({"salient_share": 0.0}, {"wide_share": 0.6}, {"output_bits": 17}):
        with pytest.raises(UserError, match="must be"):
            make_method("fp16", Settings(**wrong))
    with pytest.raises(UserError, match="unknown .known: fp16"):
        make_method("fp17", Settings())


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_identified_by_the_settings_that_it_takes(name):
    taken = {setting for setting, described in methods.SETTINGS.items() if name in described.methods}
    assert make_method(name, Settings()).options.keys() == taken
