"""Parts that others wrote: found by their place, refused with the fault, known by their code."""

from __future__ import annotations

import os
import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from harness import layout
from harness.engine.networks.neurons.stepwise import Stepwise
from harness.errors import HarnessError
from harness.layout import study_path
from harness.parts import components
from harness.parts.base import identity
from harness.parts.neurons import Lif, Neuron
from harness.parts.surrogates import Surrogate
from harness.spec.document import parse_document
from harness.spec.validate import validate

ALIF = '''
from pydantic import Field

from harness.parts.neurons import Spiking


class Rising(Spiking):
    """Its threshold rises."""

    rise: float = Field(default=0.2, ge=0, description="of the threshold, per spike")

    def step(self, current, state, spike):
        return spike(current - self.threshold), None


def make():
    return Rising
'''
SHARP = """
from harness.parts.surrogates import Surrogate
from .numbers import HEIGHT


class Sharp(Surrogate):
    def derivative(self, distance):
        from mystudy.deep.late import late
        return HEIGHT * distance


class Blunt(Surrogate):
    pass


class Named(Sharp):
    code: str = ""
"""
FILES = {
    "mystudy/alif.py": ALIF,
    "mystudy/sharp.py": SHARP,
    "mystudy/numbers.py": "HEIGHT = 2\n",
    "mystudy/deep/__init__.py": "",
    "mystudy/deep/late.py": "import torch\nlate = 1\n",
    "mystudy/unused.py": "",
    "mystudy/broken.py": "import mystudy.numbers\n\nHEIGHT = 1 / 0\n",
    "mystudy/untidy.py": "def f(:\n",
    "mystudy/leaving.py": "raise SystemExit('no')\n",
    "mystudy/lacking.py": "import snn_of_nobody\n",
}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the import path, of which nothing is left when the test is over."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    modules, families = {*sys.modules}, (Neuron, Surrogate)
    kinds = [dict(family.kinds) for family in families]
    yield tmp_path
    for name in {*sys.modules} - modules:
        del sys.modules[name]
    for family, before in zip(families, kinds, strict=True):
        family.kinds = before
    components.named.cache_clear()


def read(text: str, model: Any = Neuron) -> Any:
    """A table `mine` of a block file, or what is wrong with it."""
    document = parse_document(Path("blocks.toml"), "blocks.toml", f"[mine]\n{text}")
    found, faults = validate(model, document.data["mine"], document, ("mine",))
    return found or "\n".join(map(str, faults))


def neuron(kind: str = "mystudy.alif:Rising", **more: str) -> Any:
    surrogate = more.pop("surrogate", "dspike")
    said = {"fires_at_threshold": "true", "surrogate": f'{{ kind = "{surrogate}" }}', **more}
    return read("\n".join([f'kind = "{kind}"', *(f"{name} = {at}" for name, at in said.items())]))


def code(kind: str) -> str:
    """Of the files as they are."""
    return components.code_of.__wrapped__(components.found(kind))


def test_a_class_is_found_by_its_place_wherever_a_part_stands(study: Path) -> None:
    made = neuron(rise="0.3", surrogate="mystudy.sharp:Sharp")
    assert (made.kind, made.rise, made.label) == ("mystudy.alif:Rising", 0.3, "Rising T=4 rise 0.3")
    assert made.surrogate.kind == "mystudy.sharp:Sharp"
    again = TypeAdapter(Neuron).validate_json(made.model_dump_json(), strict=True)
    assert again == made
    assert type(made)(fires_at_threshold=True, rise=0.3, surrogate=made.surrogate) == made


LOOKED = "in the study's folder or among installed packages"
IMPORT = "cannot be imported: "


@pytest.mark.parametrize(
    ("kind", "said", "more"),
    [
        ("mystudy.alfi:Rising", "no module 'mystudy.alfi'", "did you mean 'mystudy.alif'?"),
        ("mystdy.alif:Rising", "no module 'mystdy'", "did you mean 'mystudy'?"),
        ("mystdy.alif:Rising", "no module 'mystdy'", LOOKED),
        ("qqq:Rising", "no module 'qqq'", LOOKED),
        ("mystudy.alif:Risin", "has no Risin", "did you mean 'mystudy.alif:Rising'?"),
        ("mystudy.alif:maker", "has no maker", "did you mean 'mystudy.alif:make'?"),
        ("mystudy.alif:Else", "mystudy.alif has no Else", "it has Rising"),
        ("mystudy.alif:", "is no place in Python", "it reads module:Class"),
        ("mystudy.alif", "must name its kind, one of 'relu'", "'module:Class'"),
        ("mystudy.sharp:Sharp", "is a Surrogate, must be a Neuron", ""),
        ("mystudy.sharp:HEIGHT", "is a value of type int, must be a Neuron", ""),
        ("pathlib:Path", "is another class, must be a Neuron", ""),
        ("harness.parts.neurons:Lif", "is built in, and has a kind of its own", ""),
        ("mystudy.broken:X", IMPORT + "ZeroDivisionError: division by zero", "broken.py:3)"),
        ("mystudy.untidy:X", IMPORT + "SyntaxError: invalid syntax", "untidy.py:1)"),
        ("mystudy.leaving:X", IMPORT + "SystemExit: no", "leaving.py:1)"),
        ("mystudy.lacking:X", IMPORT + "ModuleNotFoundError: No mod", "lacking.py:1)"),
    ],
)
def test_what_is_no_neuron_is_told_with_its_place(
    study: Path, kind: str, said: str, more: str
) -> None:
    told = neuron(kind)
    assert said in told
    assert more in told.partition(said)[2]
    assert told.startswith("blocks.toml:2: mine.kind" if ":" in kind else "blocks.toml:1: mine")


def test_no_module_of_python_itself_is_suggested_for_one_of_a_study(study: Path) -> None:
    assert "did you mean" not in neuron("refractory:Lif")  # but operator, which is the nearest


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Blunt", "is no whole Surrogate: it lacks derivative"),
        ("Named", "has a field 'code', which is kept for the digest of its module"),
    ],
)
def test_a_class_must_be_whole(study: Path, name: str, said: str) -> None:
    assert said in read(f'kind = "mystudy.sharp:{name}"', Surrogate)


@pytest.mark.parametrize("base", ["Lif", "Spiking"])
def test_its_place_is_its_kind_whatever_it_is_derived_from(study: Path, base: str) -> None:
    says = f"import typing\nfrom harness.parts.neurons import {base}\nclass Mine({base}):\n"
    says += "    pass\n" if base == "Lif" else '    kind: typing.Literal["mine"]\n'
    (study / "mystudy/mine.py").write_text(says)
    made = neuron("mystudy.mine:Mine")
    assert made.kind == "mystudy.mine:Mine"
    assert Lif().kind == "lif"
    assert type(made)(fires_at_threshold=True, surrogate=made.surrogate) == made


def test_a_fault_in_its_fields_is_told_as_in_ours(study: Path) -> None:
    assert neuron(riese="1") == (
        "blocks.toml:5: mine.riese: not a field here (got 1) – did you mean 'rise'?"
    )
    assert neuron(rise="-1").startswith(
        "blocks.toml:5: mine.rise: must be greater than or equal to 0 (got -1)"
    )
    inner = neuron(surrogate="mystudy.sharp:Sharp", rise='"x"')
    assert inner.startswith("blocks.toml:5: mine.rise: must be a valid number")


def test_its_code_is_part_of_the_key_and_that_of_ours_is_not(study: Path) -> None:
    said = identity(neuron(surrogate="mystudy.sharp:Sharp"))
    assert said["code"] == code("mystudy.alif:Rising")
    assert said["surrogate"]["code"] == code("mystudy.sharp:Sharp")
    assert "code" not in identity(Lif())


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("mystudy/sharp.py", True),
        ("mystudy/numbers.py", True),  # which it imports, relatively
        ("mystudy/deep/late.py", True),  # when it computes
        ("mystudy/deep/__init__.py", True),  # which that is below
        ("mystudy/unused.py", False),
        ("mystudy/alif.py", False),
    ],
)
def test_a_change_counts_where_the_class_imports_it(study: Path, file: str, counts: bool) -> None:
    before = code("mystudy.sharp:Sharp")
    assert code("mystudy.sharp:Sharp") == before
    (study / file).write_text((study / file).read_text() + "\n# another word\n")
    assert (code("mystudy.sharp:Sharp") != before) is counts


def test_what_it_is_derived_from_counts_too(study: Path) -> None:
    other = study / "elsewhere"
    (other / "theirs").mkdir(parents=True)
    (other / "theirs/sharper.py").write_text(
        "import mystudy.sharp\nclass Sharper(mystudy.sharp.Sharp):\n    pass\n"
    )
    sys.path.append(str(other))
    before = code("theirs.sharper:Sharper")
    (study / "mystudy/numbers.py").write_text("HEIGHT = 3\n")
    assert code("theirs.sharper:Sharper") != before


def test_a_stored_spec_of_other_code_is_refused(study: Path) -> None:
    said = identity(neuron())
    assert TypeAdapter(Neuron).validate_python(said) == neuron()
    with pytest.raises(ValueError, match="its Python is another one now"):
        TypeAdapter(Neuron).validate_python(said | {"code": "0" * 64})


def package(folder: Path, version: str) -> Path:
    """An installed package whose entry points name the neuron."""
    (folder / "fakesnn").mkdir(parents=True)
    (folder / "fakesnn/__init__.py").write_text("")
    (folder / "fakesnn/neurons.py").write_text(ALIF)
    info = folder / f"fake_snn-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: fake-snn\nVersion: {version}\n")
    (info / "RECORD").write_text("fakesnn/__init__.py,,\nfakesnn/neurons.py,,\n")
    points = "rising = fakesnn.neurons:Rising\ngone = fakesnn.gone:Gone\n"
    (info / "entry_points.txt").write_text(f"[harness.parts]\n{points}")
    return folder


def test_an_installed_package_gives_its_kinds_short_names(study: Path) -> None:
    sys.path.append(str(package(study / "site", "1.2")))
    components.named.cache_clear()
    made = neuron("rising", rise="0.3")
    assert made == neuron("fakesnn.neurons:Rising", rise="0.3")
    assert made.kind == "fakesnn.neurons:Rising"
    name, version, digest = identity(made)["code"].split()
    assert (name, version, len(digest)) == ("fake-snn", "1.2", 64)
    (study / "site/fakesnn/__init__.py").write_text("# of a package only the module counts\n")
    assert code("rising") == identity(made)["code"]
    assert "no module 'fakesnn.gone'" in neuron("gone")
    assert "did you mean 'rise'?" in neuron("rising", riese="1")


def test_python_compiled_before_an_edit_that_keeps_size_and_time_is_refused(study: Path) -> None:
    path = study / "mystudy/numbers.py"
    before, times = path.read_text(), path.stat()
    py_compile.compile(str(path))
    assert code("mystudy.sharp:Sharp")
    path.write_text(before.replace("2", "3"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(HarnessError, match="Python would run it as it was"):
        code("mystudy.sharp:Sharp")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 10**9))
    assert code("mystudy.sharp:Sharp")


def test_a_helper_of_a_study_that_was_in_use_before_is_not_taken(study: Path) -> None:
    for name in ("a", "b"):
        (study / name).mkdir()
        (study / name / "helper_of_both.py").write_text(f"HEIGHT = '{name}'\n")
        text = SHARP.replace(".numbers", "helper_of_both")
        (study / name / f"sharp_{name}.py").write_text(text)
        sys.path.append(str(study / name))
    assert code("sharp_a:Sharp")
    with pytest.raises(HarnessError, match=r"a/helper_of_both\.py, and not .*b/helper"):
        code("sharp_b:Sharp")


def test_a_class_of_no_file_cannot_be_part_of_a_key() -> None:
    made = type("Rootless", (Lif,), {"__module__": "__main__"})
    del Neuron.kinds[components.place_of(made)]
    with pytest.raises(HarnessError, match="stands in no file"):
        components.code_of(made)


def test_a_module_of_another_place_is_not_taken_for_the_study_s(study: Path) -> None:
    assert neuron().kind == "mystudy.alif:Rising"
    other = study / "other"
    (other / "mystudy").mkdir(parents=True)
    (other / "mystudy/alif.py").write_text(ALIF)
    (other / "json").mkdir()
    study_path(other)
    try:
        assert f"kind: the module is {study}/mystudy/alif.py, and not what {other} has" in neuron()
        assert f"and not what {other} has of this name" in neuron("json:Lif")
    finally:
        layout._IN_USE.clear()


STEPS = """
from harness.parts.neurons import Lif, Spiking

class Silent(Spiking):
    def step(self, current, state, spike):
        return spike(current - 1), None

class Resetting(Spiking):
    def step(self, current, state, spike):
        potential = current if state is None else state + current
        spikes = spike(potential - self.threshold)
        return spikes, self.after_reset(potential, spikes)

def down(neuron, spikes):
    return neuron.threshold * spikes if neuron.reset == "soft" else spikes

class Helped(Spiking):
    @property
    def cut(self):
        return getattr(self, "detach_reset")

    def step(self, current, state, spike):
        return (lambda: down(self, spike(current)))(), self.cut

class Derived(Resetting):
    pass

class Softly(Silent):
    reset: str = "soft"

class Layered(Silent):
    def layer(self):
        return None

class NeverTaken(Lif):
    def step(self, current, state, spike):
        return spike(current), None

class Alone(Spiking):
    def step(self, current, state, spike):
        return spike(current)

class Two(Spiking):
    def step(self, current, state, spike):
        return spike(current.mean(1)), None
"""
SET = {"threshold": "0.5", "reset": '"soft"', "detach_reset": "true"}


@pytest.mark.parametrize("name", SET)
def test_what_a_step_never_reads_cannot_be_set(study: Path, name: str) -> None:
    (study / "mystudy/steps.py").write_text(STEPS)
    told = neuron("mystudy.steps:Silent", **{name: SET[name]})
    assert f"{name} is " in told and f"step of mystudy.steps:Silent never reads self.{name}" in told
    for kind in ("Resetting", "Derived", "Helped", "Layered"):
        assert neuron(f"mystudy.steps:{kind}", **{name: SET[name]}).kind.endswith(kind)
    plain = {"threshold": "1.0", "reset": '"hard"', "detach_reset": "false"}
    assert neuron("mystudy.steps:Silent", **plain).reset == "hard"
    assert neuron("mystudy.steps:Softly").reset == "soft"


def test_a_step_that_is_never_taken_is_refused(study: Path) -> None:
    (study / "mystudy/steps.py").write_text(STEPS)
    assert "a step, which the layer of Lif never takes" in neuron("mystudy.steps:NeverTaken")


def test_a_neuron_of_its_own_resets_as_ours(study: Path) -> None:
    (study / "mystudy/steps.py").write_text(STEPS)
    torch.manual_seed(0)
    found = {}
    for reset in ("hard", "soft"):
        for detach in ("true", "false"):
            said = {"reset": f'"{reset}"', "detach_reset": detach}
            own, ours = neuron("mystudy.steps:Resetting", **said), neuron("if", **said)
            current = torch.randn(8, 40).add_(0.5).requires_grad_()
            spikes = [one.layer()(current, 4) for one in (own, ours)]
            assert torch.equal(*spikes)
            weights = torch.randn(8, 40)
            grads = [torch.autograd.grad((one * weights).sum(), current)[0] for one in spikes]
            torch.testing.assert_close(*grads)
            found[reset, detach] = spikes[0].sum().item()
    assert found["hard", "true"] != found["soft", "true"]


@pytest.mark.parametrize(("kind", "got"), [("Alone", "Tensor"), ("Two", r"spikes float32 \[2\]")])
def test_what_a_step_must_return_is_said(study: Path, kind: str, got: str) -> None:
    (study / "mystudy/steps.py").write_text(STEPS)
    layer = neuron(f"mystudy.steps:{kind}").layer()
    assert isinstance(layer, Stepwise)
    said = rf"step of mystudy\.steps:{kind}: must return \(spikes, state\).*got {got}"
    with pytest.raises(HarnessError, match=said):
        layer(torch.zeros(4, 3), 2)  # two images: the tensor itself would come apart into two


def test_numbers_that_are_not_the_default_stand_in_the_label(study: Path) -> None:
    def label(**fields: object) -> str:
        said = {**neuron().model_dump(), **fields}
        return TypeAdapter(Neuron).validate_python(said).label

    usual = label()
    assert usual == "Rising T=4"
    assert label(rise=0.5) == "Rising T=4 rise 0.5"
    assert label(fires_at_threshold=False, time_steps=2) == "Rising T=2"
    assert Lif(decay=0.25, threshold=2.0).label == "lif T=4 threshold 2.0 decay 0.25"
    assert Lif(decay=0.5).label == "lif T=4"
