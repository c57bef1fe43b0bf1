"""A preview of the engine in words, for the reviewer of a change of infrastructure.

`infra-review` runs it. Steps → fields that change → findings and answers → Markdown; all of that is
pure. Only `infra.review.engine` and `infra.review.offline` start something. It must not import
Pulumi: the words may cost half a second, the SDK alone takes longer.
"""
