package machine

import "time"

// lockName is a file in the system's temporary directory that measuring processes lock.
const (
	lockName  = "sidetone-bench.lock"
	lockPause = 100 * time.Millisecond
)
