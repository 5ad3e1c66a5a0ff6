// Package trunk knows the ways to carriers and other PBXs: where they are, whether we are registered there, which dialled
// number goes to which of them, and whose calls come from where.
//
//	DNS ─► Stack.Resolve ─► hops ─┐                           ┌─► Out(number): Plan, the Routes in order   control/call
//	                              ├─► line (line.go), one ────┤     access codes, auth codes (out.go)
//	sip.Registration ─► state ────┘   of each trunk           ├─► In(flow, called): Origin (in.go)         control/call
//	                                  Table (table.go)        └─► Infos()                                  control/api
//
// It carries no calls: their legs are control/call's (trunk.go there). Run owns the registrations and looks names up again
// and again; Out, In and Infos answer from memory, may be called from any goroutine and never wait.
//
// Limits: names are looked up every minute, whatever the life of their records; a call in DNS's last minute may miss a server.
package trunk
