package features

import "sidetone/control/call"

// NewPage adds the code that lets the station speak to a group, whose number follows it. How it goes is call/page.go's.
// Code "" switches it off.
//
//	217 ── INVITE page500 ──► 200      218, 219 ◄── INVITE, Answer-Mode: Auto; or RTP to the group's multicast address
func NewPage(x *call.Exchange, code string) { addCoded(x, code, (*call.Call).Page) }
