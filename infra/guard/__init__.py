"""May this `up` go on? Pure judgement (`readiness`, `release_mark`); `watch` asks; `hooks` bind."""
