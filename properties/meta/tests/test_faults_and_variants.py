"""Each fault is rejected by the property that is about it, and no variant by any."""

import pytest

from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.conventions.smoke import look_at
from pruneproof.properties.gate.judge import judge
from pruneproof.properties.meta.everything import FAULTS, VARIANTS
from pruneproof.properties.meta.small import subject_of


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_rejected_by_the_property_that_is_about_it(name: str):
    identity, method = FAULTS[name].caught_by.split(":")
    subject = subject_of(FAULTS[name].adapter)
    result = judge(CATALOGUE[identity], method, subject, __file__, "exhaustive", shrink=False)
    # More examples than the quick profile has may show what fewer leave hidden.
    assert result.verdict in ("failed", FAULTS[name].verdict), result


@pytest.mark.parametrize("identity", CATALOGUE)
def test_a_property_rejects_some_fault(identity: str):
    assert any(fault.caught_by.split(":")[0] == identity for fault in FAULTS.values())


@pytest.mark.parametrize("profile", ["quick", pytest.param("standard", marks=pytest.mark.long)])
@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_conforms(name: str, profile: str):
    subject = subject_of(VARIANTS[name])
    offers = look_at(subject)
    for prop in CATALOGUE.values():
        for method in prop.methods:
            if prop.is_offered(method, offers):
                result = judge(prop, method, subject, __file__, profile)
                # That masks are refused is recommended, and what is refused is not the variants'.
                if prop.id != "mask.not_finite":
                    assert result.verdict in ("passed", "unsupported"), result
