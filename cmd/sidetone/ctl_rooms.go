package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"

	"sidetone/control/api"
)

// ofRoom are the arguments of what is done to a room, ofMember to a member of one.
type ofRoom struct {
	Room string `arg:"" help:"ID of the room, as rooms prints it."`
}

type ofMember struct {
	ofRoom
	Member string `arg:"" help:"Its number, or the id of its leg."`
}

func (r ofRoom) path() string { return "/v1/rooms/" + url.PathEscape(r.Room) }

func (m ofMember) path() string { return m.ofRoom.path() + "/members/" + url.PathEscape(m.Member) }

// change asks the API to change what the path names.
func (c *ctlCmd) change(ctx context.Context, path string, to any) error {
	b, err := json.Marshal(to)
	if err != nil {
		return err
	}
	_, err = c.send(ctx, http.MethodPatch, path, bytes.NewReader(b))
	return err
}

type ctlLock struct{ ofRoom }

// Run is for kong.
func (l ctlLock) Run(ctx context.Context, c *cli) error {
	return c.Ctl.change(ctx, l.path(), api.RoomChange{Locked: new(true)})
}

type ctlUnlock struct{ ofRoom }

// Run is for kong.
func (l ctlUnlock) Run(ctx context.Context, c *cli) error {
	return c.Ctl.change(ctx, l.path(), api.RoomChange{Locked: new(false)})
}

type ctlMute struct{ ofMember }

// Run is for kong.
func (m ctlMute) Run(ctx context.Context, c *cli) error {
	return c.Ctl.change(ctx, m.path(), api.MemberChange{Muted: new(true)})
}

type ctlUnmute struct{ ofMember }

// Run is for kong.
func (m ctlUnmute) Run(ctx context.Context, c *cli) error {
	return c.Ctl.change(ctx, m.path(), api.MemberChange{Muted: new(false)})
}

type ctlDeafen struct{ ofMember }

// Run is for kong.
func (m ctlDeafen) Run(ctx context.Context, c *cli) error {
	return c.Ctl.change(ctx, m.path(), api.MemberChange{Deaf: new(true)})
}

type ctlUndeafen struct{ ofMember }

// Run is for kong.
func (m ctlUndeafen) Run(ctx context.Context, c *cli) error {
	return c.Ctl.change(ctx, m.path(), api.MemberChange{Deaf: new(false)})
}

type ctlGain struct {
	ofMember
	DB float64 `name:"db" required:"" placeholder:"-6" help:"-45 to 12 dB, written --db=-6; 0 is as it came."`
}

// Run is for kong.
func (g ctlGain) Run(ctx context.Context, c *cli) error {
	return c.Ctl.change(ctx, g.path(), api.MemberChange{Gain: &g.DB})
}

type ctlWhisper struct {
	ofMember
	To string `arg:"" help:"Who hears it: a number or the id of a leg."`
}

// Run is for kong.
func (w ctlWhisper) Run(ctx context.Context, c *cli) error {
	return c.Ctl.change(ctx, w.path(), api.MemberChange{WhisperTo: &w.To})
}

type ctlBarge struct{ ofMember }

// Run is for kong.
func (b ctlBarge) Run(ctx context.Context, c *cli) error {
	return c.Ctl.change(ctx, b.path(), api.MemberChange{WhisperTo: new("")})
}

type ctlKick struct{ ofMember }

// Run is for kong.
func (k ctlKick) Run(ctx context.Context, c *cli) error {
	_, err := c.Ctl.request(ctx, http.MethodDelete, k.path())
	return err
}

type ctlAnnounce struct {
	ofRoom
	File string `arg:"" type:"existingfile" help:"WAV, FLAC, MP3 or Ogg, up to 16 MiB."`
}

// Run is for kong.
func (a ctlAnnounce) Run(ctx context.Context, c *cli) error {
	f, err := os.Open(a.File)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = c.Ctl.send(ctx, http.MethodPost, a.path()+"/announcement", f)
	return err
}
