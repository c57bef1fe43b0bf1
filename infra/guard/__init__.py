"""May this `up` go on?

`readiness` and `release_mark` are pure: they return a refusal or nothing. `watch` asks the cluster
and raises RefusedError; `hooks` bind that to steps of the engine.
"""
