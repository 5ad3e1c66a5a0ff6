#!/usr/bin/env bash
# Runs every fuzz target of the module for the time given (fuzz.sh 3s), one after the other.
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:?usage: fuzz.sh DURATION}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# run PACKAGE TARGET
run() { go test -run '^$' -fuzz "^$2\$" -fuzztime "$time" "$1" >"$log" 2>&1; }

targets=0
while IFS=: read -r file line; do
	target=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/' <<<"$line")
	package=./$(dirname "$file")
	echo "fuzz $package $target $time"
	targets=$((targets + 1))
	run "$package" "$target" && continue
	# A worker that is stopped by the clock in the midst of an input is taken for a failure by some
	# versions of go test. It leaves no failing input; a second failure is one.
	if grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log" && run "$package" "$target"; then
		continue
	fi
	cat "$log"
	exit 1
done < <(git ls-files -co --exclude-standard '*_test.go' | xargs -r grep -E '^func Fuzz[A-Za-z0-9_]*\(f \*testing\.F\)' | sort -u)
[ "$targets" -gt 0 ] || { echo "no fuzz target was found"; exit 1; }
