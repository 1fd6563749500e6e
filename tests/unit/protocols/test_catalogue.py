import pytest

from seawall.errors import ConfigError
from seawall.protocols.catalogue import all_protocols, protocol_named


def test_a_label_names_one_version():
    for protocol in all_protocols():
        assert protocol_named(protocol.label) is protocol
    assert len({protocol.label for protocol in all_protocols()}) == len(all_protocols())


@pytest.mark.parametrize(
    ("name", "label"), [("aave_v3", "aave_v3@3.7"), ("compound_v2", "compound_v2@2"), ("morpho_blue", "morpho_blue@1")]
)
def test_a_bare_name_is_the_newest_version(name, label):
    assert protocol_named(name).label == label


@pytest.mark.parametrize(
    ("label", "listed"),
    [("aave", "compound_v2"), ("", "aave_v3"), ("aave_v3@3.5", "aave_v3@3.6"), ("aave_v3@", "aave_v3@3.0")],
)
def test_an_unknown_label_is_refused_with_a_list_of_what_there_is(label, listed):
    with pytest.raises(ConfigError, match=listed):
        protocol_named(label)
