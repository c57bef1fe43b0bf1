"""A file that lags never brings an older edition back; one that is newer counts."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config.newest import FILE_LAG_SECONDS, Newest

LATE = FILE_LAG_SECONDS + 1


def test_without_a_watch_the_file_counts() -> None:
    newest = Newest()
    assert newest.file_counts("A", 0)
    assert newest.file_counts("B", 1)


def test_what_the_watch_showed_first_is_not_undone_by_the_file_that_lags() -> None:
    newest = Newest()
    newest.file_counts("A", 0)
    newest.watched("A", 0, gap=True)
    newest.watched("B", LATE, gap=False)
    assert not newest.file_counts("A", LATE + 1)
    assert newest.file_counts("B", LATE + 60)


def test_a_file_that_follows_a_switch_on_and_off_brings_neither_back() -> None:
    newest = Newest()
    newest.file_counts("off", 0)
    newest.watched("off", 0, gap=True)
    newest.watched("on", LATE, gap=False)
    newest.watched("off", LATE + 5, gap=False)
    assert not newest.file_counts("on", LATE + 50)
    assert newest.file_counts("off", LATE + 60), "it has caught up"
    assert newest.file_counts("on", LATE + 61), "that is a new edition: the watch is broken"


def test_a_file_that_had_caught_up_counts_at_once_when_it_changes() -> None:
    newest = Newest()
    newest.file_counts("A", 0)
    newest.watched("A", 0, gap=True)
    assert newest.file_counts("A", LATE)
    assert newest.file_counts("B", LATE + 1)


def test_after_editions_that_went_unseen_the_file_counts_when_it_cannot_lag_any_more() -> None:
    newest = Newest()
    newest.file_counts("A", 0)
    newest.watched("C", 0, gap=True)
    assert not newest.file_counts("B", 10), "B may have come before C"
    assert not newest.file_counts("B", FILE_LAG_SECONDS - 1)
    assert newest.file_counts("B", FILE_LAG_SECONDS)


def test_an_edition_that_went_unseen_is_not_taken_for_a_later_one_that_says_the_same() -> None:
    newest = Newest()
    newest.file_counts("A", 0)
    newest.watched("A", 0, gap=True)
    assert newest.file_counts("A", LATE)
    newest.watched("C", LATE + 10, gap=True)
    newest.watched("B", LATE + 11, gap=False)
    assert not newest.file_counts("B", LATE + 20), "that may be a B before C"
    assert not newest.file_counts("C", LATE + 30)


def test_a_file_that_is_stuck_does_not_count_against_a_watch_that_goes_on() -> None:
    newest = Newest()
    newest.file_counts("A", 0)
    newest.watched("B", 0, gap=True)
    for now in range(0, 1000, 5):
        newest.confirmed(now)
        assert not newest.file_counts("A", now)


@dataclass
class Simulated:
    """The editions of a ConfigMap, a file that shows them late and a watch that breaks."""

    newest: Newest = field(default_factory=Newest)
    now: float = 0.0
    editions: list[tuple[str, float]] = field(default_factory=lambda: [("A", -LATE)])
    file: int = 0
    watching: bool = False
    seen_by_watch: int = -1
    broken_at: float = 0.0
    in_effect: int = 0

    @property
    def last(self) -> int:
        return len(self.editions) - 1

    def change(self, content: str) -> None:
        self.editions.append((content, self.now))
        if self.watching:
            self._shown(gap=False)

    def connect(self) -> None:
        if not self.watching:
            self.watching = True
            self._shown(gap=self.seen_by_watch != self.last)

    def _shown(self, *, gap: bool) -> None:
        self.newest.watched(self.editions[-1][0], self.now, gap=gap)
        self.seen_by_watch = self.in_effect = self.last

    def disconnect(self) -> None:
        if self.watching:
            self.watching, self.broken_at = False, self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds
        if self.watching:
            self.newest.confirmed(self.now)
        at_least = [i for i, (_, at) in enumerate(self.editions) if at <= self.now - LATE + 1]
        self.file = max(self.file, at_least[-1])

    def sync(self, behind: int) -> None:
        """The kubelet writes an edition that it knows."""
        self.file = max(self.file, self.last - behind)

    def look(self) -> None:
        content = self.editions[self.file][0]
        if self.newest.file_counts(content, self.now):
            assert self.file >= self.in_effect or content == self.editions[self.in_effect][0]
            self.in_effect = max(self.in_effect, self.file)
        elif not self.watching and self.now - self.broken_at > LATE:
            assert content == self.editions[self.in_effect][0], "the file counts at last"


ACTION = st.one_of(
    st.tuples(st.just("change"), st.sampled_from("ABC")),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 5.0, 40.0, 90.0, LATE + 1])),
    st.tuples(st.just("sync"), st.integers(0, 3)),
    st.tuples(st.just("connect")),
    st.tuples(st.just("disconnect")),
)


@settings(max_examples=1000)
@given(st.lists(ACTION, max_size=40))
def test_never_does_an_older_edition_come_back(actions: list[tuple[str, ...]]) -> None:
    simulated = Simulated()
    simulated.look()
    for name, *arguments in actions:
        getattr(simulated, name)(*arguments)
        simulated.look()
