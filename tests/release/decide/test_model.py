from bot.contract.color import Color
from release.decide.model import Figures, Judgement, Pod, Verdict


def test_a_terminating_pod_does_not_serve_though_it_says_ready() -> None:
    pod = Pod("green-1", Color.GREEN, ready=True, terminating=True, image="bot@sha256:0")
    assert not pod.serves


def test_a_verdict_without_figures_has_none() -> None:
    assert Judgement(Verdict.INCONCLUSIVE).figures == Figures()
