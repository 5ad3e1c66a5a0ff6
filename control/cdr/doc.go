// Package cdr keeps a detail record of each ended call: one line of JSON in store.dir/cdr.jsonl.
//
//	call.Call ends ── Record (record.go) ──► Writer.Write ──► queue, 4,096 records
//	(any goroutine,                             │               │
//	 never waits)                        full: dropped,         ▼ Writer.Run (writer.go)
//	                                     counted              file (file.go) ──► cdr.jsonl
//
// The control plane makes a Writer, gives Write to the calls and runs Run; the API and a log may read
// Stats. The file is appended to, in whole lines; it may be moved away while we run (logrotate), a new
// one is begun then. A disk that takes nothing costs the records of that time and nothing else.
//
// Limits: records are not synced one by one, so a power cut may cost the last ones; kill -9 costs
// what is in the queue.
package cdr
