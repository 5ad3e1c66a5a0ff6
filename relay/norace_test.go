//go:build !race

package relay

// raceEnabled tells that the race detector is in, under which crypto/sha1 allocates.
const raceEnabled = false
