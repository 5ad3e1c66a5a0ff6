// Package bencode reads and writes the values of an ng message: byte strings, integers, lists and
// dictionaries, in the notation that BitTorrent calls bencode.
//
//	datagram ──► string ──► Decode (decode.go) ──► Value (value.go) ──► Text, Int, Items, Get, Pairs
//	                          bounded depth, count   │ strings are parts of the
//	                                                 ▼ datagram, not copies
//	                                     Append (encode.go): keys sorted ──► reply
//
// A leaf: it imports nothing of ours and holds no state; everything may be called from any
// goroutine. A Value is not changed after it was decoded; one that is being built with Set belongs to
// its builder.
//
// Limits: MaxDepth levels, MaxValues values a message. Dictionaries need not be sorted, and of a key
// that comes twice the last one counts, because ng clients send both.
package bencode
