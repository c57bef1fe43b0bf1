# What the workflows call and people rarely do; the same commands, so that each can be tried here.

OUTPUT ?=
NUMBER ?=
STACKS ?= staging production
# Where the log of this run is, for those who read an issue.
RUN ?= $(if $(GITHUB_RUN_ID),$(GITHUB_SERVER_URL)/$(GITHUB_REPOSITORY)/actions/runs/$(GITHUB_RUN_ID))
ENVIRONMENT ?= production
# The commit that the checks have seen.
TESTED ?= HEAD
BRANCH ?= $(shell git branch --show-current)
# What goes to a stack: an image, or what another stack runs; without both the standby builds.
IMAGE ?=
FROM ?=
ONLY ?=
# Who commits tags and deployed config: a person keeps their name, a runner has none.
ROBOT_EMAIL := pipeline@users.noreply.invalid
ROBOT := NAME=pipeline EMAIL=$(ROBOT_EMAIL)
IDENTITY = $(if $(shell git config user.name),,$(foreach role,AUTHOR COMMITTER,$(addprefix GIT_$(role)_,$(ROBOT))))

.PHONY: summary
summary: $(READY)
	@$(BIN)/python -m pipeline results --reports $(REPORTS)
	@test ! -e .coverage || $(BIN)/coverage report --format=markdown --skip-covered --skip-empty

.PHONY: comment
comment: $(READY)
	$(BIN)/python -m pipeline comment --stacks $(STACKS) --number $(NUMBER) --reports $(REPORTS)

.PHONY: drift
drift: $(READY)
	$(BIN)/python -m infra.review --stack $(STACK) --refresh --expect-nothing --output $(OUTPUT) || test $$? -eq 3

.PHONY: issue
issue: $(READY)
	$(BIN)/python -m pipeline issue --stack $(STACK) --reports $(REPORTS) $(if $(RUN),--run $(RUN))

.PHONY: approval
approval: $(READY)
	$(BIN)/python -m pipeline approval --environment $(ENVIRONMENT)

# A kubeconfig without a secret: the cluster's address and a command that gets short-lived credentials.
.PHONY: kubeconfig
kubeconfig:
	mkdir -p ~/.kube && printf '%s\n' "$$KUBECONFIG_TEXT" > ~/.kube/config

# The commits say the next version. 3 and 21 are cz's words for: none of them asks for one.
next = version="$$($(BIN)/cz bump --yes --get-next $(1))" || case $$? in \
  3 | 21) echo 'no commit asks for a version: nothing to do'; exit 0 ;; *) exit 1 ;; esac

# FROM's image goes to STACK, if it is what the commits release. Each command is one of its own: the
# shell goes on when one fails inside of another one's words, and production would build.
# With ONLY=candidates a HEAD without a candidate's tag is left alone: production would have to refuse
# the build, and staging would stand in the way of the candidate that it runs.
.PHONY: deploy
deploy: $(READY)
	$(if $(ONLY),if test -z "$$(git tag --points-at HEAD --list 'v*-rc.*')"; then \
	    echo "HEAD has no candidate's tag: $(STACK) stays as it is"; exit 0; fi;) \
	  image='$(IMAGE)'; \
	  $(if $(FROM),$(next); $(BIN)/python -m pipeline promoted --stack $(FROM) --version "$$version"; \
	    image="$$($(BIN)/python -m pipeline image --stack $(FROM))";) \
	  $(IDENTITY) $(BIN)/python -m release deploy --stack $(STACK) $${image:+--image "$$image"}

.PHONY: rollback
rollback: $(READY)
	$(IDENTITY) $(BIN)/python -m release rollback --stack $(STACK)

# The tag comes before the build: it is what the image is stamped with. What was rolled back is not
# built again because somebody has written a line of documentation since.
.PHONY: candidate
candidate: $(READY)
	asked="$$($(BIN)/python -m pipeline asked)"; \
	  if test "$$asked" = no; then echo 'no commit asks for a version: nothing to do'; exit 0; fi; \
	  $(call next,--prerelease rc); \
	  $(BIN)/python -m pipeline newest --version "$$version"; \
	  $(IDENTITY) git tag -a "v$$version" -m "Candidate $$version"

# After production has it: what users read, what the commits say, and the tag that names the image.
.PHONY: release
release: $(READY)
	$(next); \
	  $(BIN)/python -m pipeline promoted --stack $(STACK) --version "$$version"; \
	  image="$$($(BIN)/python -m pipeline image --stack $(STACK))"; \
	  $(BIN)/cz changelog --dry-run --incremental --merge-prerelease --unreleased-version "v$$version" \
	    | $(BIN)/python -m pipeline changelog --version "$$version" --date "$$(date -u +%F)"; \
	  $(IDENTITY) git commit --quiet -m "docs: changelog of $$version" CHANGELOG.md; \
	  $(IDENTITY) git tag -a "v$$version" -m "Release $$version: $$image"

# A deploy begins at the branch's head, for the config that was deployed last; that may be past what
# was tested by the pipeline's own commits, and by no others.
.PHONY: tested
tested: $(READY)
	$(BIN)/python -m pipeline tested --commit $(TESTED) --robot $(ROBOT_EMAIL)

# The branch may have moved meanwhile. A merge, no rebase: the tags are on commits that must stay.
AS_ROBOT = $(IDENTITY) git -c credential.helper= -c credential.helper='!gh auth git-credential'
.PHONY: push
push:
	for attempt in 1 2 3 4 5; do \
	  if $(AS_ROBOT) push --follow-tags origin HEAD:$(BRANCH); then exit 0; fi; \
	  $(AS_ROBOT) fetch --quiet origin $(BRANCH); \
	  $(AS_ROBOT) merge --quiet -m 'chore: merge $(BRANCH)' FETCH_HEAD || { git merge --abort; break; }; \
	done; \
	echo '$(BRANCH) does not take these commits: merge them by hand' >&2; git log --oneline FETCH_HEAD..; exit 1
