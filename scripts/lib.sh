# Shared by the scripts here; sourced, not run.
# shellcheck shell=bash

# ROOT is the top of the repository; TOOLS holds what the scripts build for themselves
# (a copy of the repository may be told to use the tools of another).
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=${RAMIER_TOOLS:-$ROOT/.tools}
export PATH="$TOOLS/bin:$PATH"

# say tells what happens; on standard error, so that it never mixes with a result.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# fail says why and ends the script.
fail() {
	say "$*"
	exit 1
}

# retry runs a command that needs the network up to three times.
retry() {
	local try
	for try in 1 2 3; do
		"$@" && return
		[[ $try == 3 ]] || { say "failed, once more in a moment: $*" && sleep $((try * 5)); }
	done
	return 1
}

# has tells whether all these commands exist.
has() {
	local command
	for command; do command -v "$command" >/dev/null || return; done
}

# need ends the script if one of these commands, which nobody installs for us, is missing.
need() {
	local command
	for command; do
		has "$command" || fail "$command is missing: install it first (Debian, Go, Node.js, make and git are taken for granted)"
	done
}

# install_debian installs Debian packages, as root or through sudo.
install_debian() {
	local as_root=()
	if [[ $(id -u) != 0 ]]; then
		has sudo || fail "please install as root: apt-get install $*"
		as_root=(sudo)
	fi
	has apt-get || fail "this is not a Debian system: please install what its packages $* offer"
	say "installing $*"
	local log
	log=$(mktemp)
	if ! { retry "${as_root[@]}" apt-get update -q &&
		retry "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; } >"$log" 2>&1 </dev/null; then
		tail -n 30 "$log" >&2
		rm -f "$log"
		fail "could not install $*"
	fi
	rm -f "$log"
}
