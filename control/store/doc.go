// Package store keeps what must survive a restart: registrations, forwards, do-not-disturb, waiting messages.
//
//	feature ── Table.Put ──► memory ──► pending (newest value of each key)
//	        ◄─ Table.Get ──── │              │ Run, one writer              writer.go
//	                          ▲              ▼
//	                          │       JetStream key-value bucket, in this process, without a socket
//	                          └── Open reads it whole                         engine.go
//
// Reading is a map lookup and writing puts into a map: no call ever waits for the disk. Values are JSON; a table
// (table.go) is all keys of one kind. A value is on its way to the file as soon as the writer gets to it, well
// under a millisecond on an idle disk, so that kill -9 loses at most what was said in that moment; a power failure may
// lose the last seconds. A disk that refuses writes loses nothing while the process runs: what is pending is tried again.
//
// Tables may be used from any goroutine. One process at a time may have a directory open; Open says so otherwise.
package store
