"""What only CI needs: its comments and issues, the approval's rule, scanners, versions.

`pipeline` runs it; the workflows call `make`, which calls this. It drives tools (`gh`,
`git`, `cz`, scanners) and knows nothing of the bot: of `infra` it takes the marker of a review, of
`bot` the contract's versions. Nobody imports it.
"""
