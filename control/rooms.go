package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"sidetone/control/api"
	"sidetone/control/call"
	"sidetone/control/media"
	"sidetone/control/sip"
	"sidetone/mixer/moh"
)

// conferences is who is in a room, for phones that subscribe to it (RFC 4575).
func (s *Server) conferences() sip.EventPackage {
	return sip.EventPackage{
		Name: "conference", ContentType: "application/conference-info+xml",
		State: func(tel, resource string, version uint32) ([]byte, bool) {
			return s.exchange.ConferenceInfo(tel, resource, s.cfg.SIP.Realm, version)
		},
	}
}

// What the API does to rooms.

func (s state) room(id string) (*call.Room, error) {
	r, ok := s.exchange.Room(id)
	if !ok {
		return nil, fmt.Errorf("there is no room %s: %w", id, api.ErrNotFound)
	}
	return r, nil
}

// asked makes what the API tells of an error of a room.
func asked(err error) error {
	if errors.Is(err, call.ErrNoMember) {
		return fmt.Errorf("%w: %w", err, api.ErrNotFound)
	}
	return err
}

// SetLocked is for api.State.
func (s state) SetLocked(room string, on bool) error {
	r, err := s.room(room)
	if err == nil {
		r.SetLocked(on)
	}
	return err
}

// ChangeMember is for api.State.
func (s state) ChangeMember(room, member string, c api.MemberChange) error {
	r, err := s.room(room)
	if err == nil && c.Gain != nil {
		if *c.Gain < -45 || *c.Gain > 12 {
			return fmt.Errorf("gain is -45 to 12 dB, not %g", *c.Gain)
		}
		err = r.SetGain(member, *c.Gain)
	}
	if err == nil && c.Muted != nil {
		err = r.SetMuted(member, *c.Muted)
	}
	if err == nil && c.Deaf != nil {
		err = r.SetDeaf(member, *c.Deaf)
	}
	switch {
	case err != nil || c.WhisperTo == nil:
	case *c.WhisperTo == "":
		err = r.Barge(member)
	default:
		err = r.Whisper(member, *c.WhisperTo)
	}
	return asked(err)
}

// Kick is for api.State.
func (s state) Kick(room, member string) error {
	r, err := s.room(room)
	if err == nil {
		err = r.Kick(member)
	}
	return asked(err)
}

// Announce is for api.State.
func (s state) Announce(room string, file io.Reader) error {
	r, err := s.room(room)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp("", "sidetone-announcement-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, file)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	pcm, err := moh.Samples(context.Background(), media.MusicRate, f.Name())
	if err != nil {
		return err
	}
	return r.Announce(pcm)
}
