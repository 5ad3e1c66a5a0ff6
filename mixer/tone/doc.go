// Package tone makes the call progress tones of the telephone service: dial tone, ringback,
// busy, congestion, hold tone and the like, from cadence strings and from national sets.
//
//	"480+620/500,0/500"                      set.Busy
//	        │ parse.go: Parse                    │ sets.go: Lookup("us"), data in countries.go
//	        └───────────────► Cadence ◄──────────┘
//	                             │ generator.go: NewGenerator(cadence, rate)
//	                             ▼
//	                         Generator ── Read(dst) ──► 16-bit PCM at rate, 20 ms at a time
//	                             │
//	      oscillator.go: one phase accumulator a frequency, never reset, so that what goes on
//	      sounding from one segment to the next has no seam; 5 ms raised-cosine edges elsewhere
//
// The grammar of a cadence, which is how phones and PBXs write it, a superset of both:
//
//	cadence = item *( "," item )                     the items are played in turn, for ever
//	item    = [ "!" ] ( segment / group )            "!" = in the first round only
//	group   = "(" segment *( "," segment ) ")" [ "*" count ]
//	segment = sound [ "/" milliseconds ]             no duration = for ever, last segment only
//	sound   = "0" / part *( "+" part )               0 = silence
//	part    = hertz [ "*" hertz ] [ "@" level ]      carrier, amplitude modulator, dBm0
//
// so `350+440` is a dial tone, `!(350+440/100,0/100)*3,350+440` a stuttered one, and
// `1400@-20/200,0/10000` a quiet beep every ten seconds. A blank may follow a comma.
//
// Parse and Lookup may be called from anywhere; a Cadence is immutable. A Generator belongs to
// one goroutine (in the server: to the shard whose mixer.Player reads it).
//
// Limits: 64 segments after the groups are written out, 4 parts a segment, 15 to 3999 Hz, levels
// -60 to +3 dBm0, 1 to 60000 ms a segment.
package tone
