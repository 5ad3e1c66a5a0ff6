package control

import (
	"context"
	"time"

	"sidetone/control/api"
)

// mostTalk is how many events of rooms may wait to be told, and how many talkers are remembered.
const mostTalk = 1024

// talk tells who listens to the API who begins and ceases to talk in rooms.
//
//	mixer ─► media.Room ─► Server.talkers ─► talk ─► api.Events
func (s *Server) talk(ctx context.Context) error {
	talking := make(map[string]api.Talk) // by leg, as one that has hung up is known no more
	for {
		select {
		case ev := <-s.talkers:
			row, known := talking[ev.Leg]
			if m, ok := s.exchange.Talker(ev); ok {
				row, known = api.Talk{Tel: m.Tel, Name: m.Name, Call: m.CallID, Leg: m.LegID}, true
			}
			row.Room, row.Talking, row.Time = ev.Room, ev.Talking, time.Now()
			delete(talking, ev.Leg)
			if ev.Talking && len(talking) < mostTalk {
				talking[ev.Leg] = row
			}
			if known {
				s.events.Tell("talking", row)
			}
		case <-ctx.Done():
			return nil
		}
	}
}
