package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"sidetone/codecs"
	"sidetone/control/api"
	"sidetone/control/call"
	"sidetone/control/cdr"
	"sidetone/control/config"
	"sidetone/control/features"
	"sidetone/control/media"
	"sidetone/control/ng"
	"sidetone/control/recordings"
	"sidetone/control/sip"
	"sidetone/control/store"
	"sidetone/control/trunk"
	"sidetone/relay"
)

// farewell is how long a stop waits for running calls to be ended.
const farewell = 3 * time.Second

// Server is a running sidetone. It is made by New and runs once.
type Server struct {
	cfg        *config.Config
	log        *slog.Logger
	relay      *relay.Relay
	engine     *media.Engine
	libraries  codecs.Libraries
	codecs     codecs.Set
	programs   *media.Programs
	stack      *sip.Stack
	exchange   *call.Exchange
	trunks     *trunk.Table
	proxied    *ng.OverRelay // legs of calls that SIP proxies place through ng
	ng         *ng.Server    // nil when ng.listen is empty
	api        *api.Server   // nil when api.listen is empty
	events     *api.Events
	talkers    chan media.RoomEvent
	records    *cdr.Writer
	recordings *recordings.Keeper
	store      *store.Store
	where      *registrations
	messages   *messages
	settings   *features.Settings
	parks      *features.Park
	started    time.Time
	ready      chan struct{}
}

// New makes a server of a valid configuration. It binds addresses and opens
// files; Run or Close gives them back. Errors name what could not be had.
func New(cfg *config.Config, log *slog.Logger) (*Server, error) {
	return NewWith(cfg, codecs.Set{}, log)
}

// NewWith is New with codecs besides those that the machine has, or in their place.
func NewWith(cfg *config.Config, more codecs.Set, log *slog.Logger) (*Server, error) {
	s := &Server{cfg: cfg, log: log, started: time.Now(), ready: make(chan struct{}), events: api.NewEvents(), talkers: make(chan media.RoomEvent, mostTalk)}
	s.libraries = codecs.FindLibraries()
	s.codecs = codecs.Available(s.libraries).With(more.Codecs()...)
	if err := s.build(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) build() (err error) {
	cfg := s.cfg
	classes, err := musicClasses(cfg)
	if err != nil {
		return err
	}
	if s.programs, err = media.LoadPrograms(cfg.Media.Tones, classes); err != nil {
		return err
	}
	if s.records, err = cdr.New(cfg.Store.Dir); err != nil {
		return err
	}
	s.records.Logger = s.log
	if s.store, err = store.Open(store.Config{Dir: cfg.Store.Dir, Logger: s.log}); err != nil {
		return err
	}
	s.messages = s.openMessages()
	s.where = &registrations{table: store.NewTable[[]sip.Kept](s.store, "registrations")}
	latching, err := relay.ParseMode(cfg.Media.Latching)
	if err != nil {
		return err
	}
	interfaces := relayInterfaces(cfg)
	s.relay, err = relay.New(relay.Config{
		Shards: cfg.Media.Shards, Sockets: cfg.Media.Sockets, BatchWindow: cfg.Media.BatchWindow,
		DSCP: cfg.Media.DSCP, Interfaces: interfaces, Logger: s.log,
		Events: func(ev relay.Event) {
			s.exchange.MediaEvent(ev)
			s.proxied.Event(ev)
		},
	})
	if err != nil {
		return err
	}
	s.proxied = ng.NewOverRelay(s.relay)
	s.engine = media.New(media.Config{
		Relay: s.relay, Set: s.codecs, Programs: s.programs, Interfaces: interfaces,
		Private: privateNetworks(cfg), Latching: latching, Jitter: jitterConfig(cfg),
	})
	directory, err := newDirectory(cfg)
	if err != nil {
		return err
	}
	serveTLS, dialTLS, err := sipTLS(cfg, s.log)
	if err != nil {
		return err
	}
	attempts := accessLog{table: store.NewTable[sip.Access](s.store, "access")}
	s.stack, err = sip.New(sip.Config{
		TLS: serveTLS, TLSClient: dialTLS,
		Listen: cfg.SIP.Listen, Realm: cfg.SIP.Realm, UserAgent: "sidetone",
		AnswerTimeout: cfg.Media.Timeouts.Answer, Allow: []string{"REFER"},
		Accounts: directory, AuthInvites: cfg.SIP.AuthInvites,
		Whitelist: sip.Whitelist{Enabled: cfg.SIP.Whitelist.Enabled, Networks: admitted(cfg)},
		Registrar: sip.RegistrarConfig{
			Expires: cfg.SIP.Expires, NATExpires: cfg.SIP.NATExpires,
			NATCheckPort: cfg.SIP.NATCheck == "ip_port", MaxStations: cfg.SIP.MaxStations, MaxContacts: cfg.SIP.MaxContacts, OnChange: s.registration,
		},
		Exclusive: exclusive(cfg), AccessLog: attempts.rows(s.log), OnAccess: attempts.changed,
		Events:   []sip.EventPackage{s.messages.pkg(), s.conferences()},
		OnInvite: func(in *sip.Invite) { s.exchange.OnInvite(in) },
		Logger:   s.log,
	})
	if err != nil {
		return err
	}
	s.messages.stack = s.stack
	list, err := trunks(cfg)
	if err != nil {
		return err
	}
	if s.trunks, err = trunk.New(s.stack, cfg.FeatureCodes.AuthCode, list, s.log); err != nil {
		return err
	}
	s.settings = features.NewSettings(s.store)
	s.recordings = recordings.New(filepath.Join(cfg.Store.Dir, "recordings"), s.log)
	s.exchange = call.New(call.Config{
		Media: s.engine, Invite: s.stack.Invite, Lookup: s.stack.Registrar().Lookup,
		Stations: directory.stations, Groups: groups(cfg), Rooms: rooms(cfg), Factory: cfg.Conference.Factory, FactoryMembers: cfg.Conference.Members,
		RoomChanged: func(id string) { s.stack.Notify("conference", id) }, RoomMusic: firstMusic(cfg), Talk: s.talkers,
		MPS: cfg.Media.MPSChannels, MGI: cfg.Media.MGIPorts, Direct: cfg.Media.Path == "auto",
		Trunks: s.trunks, FlowTo: s.stack.FlowTo, Refused: s.stack.NoteAccess,
		Dialog: s.stack.Dialog, Bury: s.stack.Bury, Settings: s.settings.Of, Forwards: cfg.Calls.Forwards,
		Timeouts: timeouts(cfg), Record: s.records.Write, StartRecording: s.recordings.Start, Recorded: cfg.Calls.Record == "always", Logger: s.log,
	})
	s.addFeatures()
	if err := s.stack.Listen(); err != nil {
		return err
	}
	if n := s.where.restore(s.stack, directory); n > 0 {
		s.log.Info("registrations kept over the restart", "contacts", n)
	}
	if len(cfg.NG.Listen) > 0 {
		s.ng, err = ng.New(ng.Config{
			Listen: cfg.NG.Listen, Relay: s.proxied, Interfaces: interfaces, Codecs: s.codecs, Latching: latching,
			MediaTimeout: cfg.Media.Timeouts.NoMedia, HoldTimeout: cfg.Media.Timeouts.Hold, Logger: s.log,
		})
		if err != nil {
			return err
		}
	}
	if cfg.API.Listen != "" {
		s.api, err = api.New(api.Config{Listen: cfg.API.Listen, Token: cfg.API.Token.Reveal(), State: state{s}, Logger: s.log})
	}
	return err
}

// Run serves until ctx ends, then stops cleanly. The first part that fails ends
// the others, and its error is returned.
func (s *Server) Run(ctx context.Context) error {
	parts, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	run := func(name string, fn func(context.Context) error) {
		wg.Go(func() { // ends with parts, waited for below
			if err := fn(parts); err != nil && !errors.Is(err, context.Canceled) {
				stop(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	run("media", s.relay.Run)
	run("sip", s.stack.Run)
	run("records", s.records.Run)
	run("recordings", s.recordings.Run)
	run("store", s.store.Run)
	run("music", s.music)
	run("streams", s.streams)
	run("talk", s.talk)
	if s.api != nil {
		run("api", s.api.Run)
	}
	s.parks.Bury()
	// What says goodbye to others does so while the rest still works.
	outward, leave := context.WithCancel(parts)
	defer leave()
	proxied := make(chan struct{})
	wg.Go(func() { // ends with outward, waited for below
		defer close(proxied)
		if s.ng == nil {
			return
		}
		if err := s.ng.Run(outward); err != nil {
			stop(fmt.Errorf("ng: %w", err))
		}
	})
	unregistered := make(chan struct{})
	wg.Go(func() { // ends with outward, waited for below
		defer close(unregistered)
		_ = s.trunks.Run(outward) // nil always
	})
	close(s.ready)
	select {
	case <-ctx.Done():
		timeout := time.NewTimer(farewell)
		expired := make(chan struct{})
		go func() { // ends with the timer, which is stopped below or fires
			select {
			case <-timeout.C:
			case <-parts.Done():
			}
			close(expired)
		}()
		if s.ng != nil {
			s.ng.Drain(true)
		}
		s.exchange.Shutdown(expired)
		leave()
		select {
		case <-unregistered:
		case <-expired: // a server that does not answer
		}
		<-proxied // it waits no longer than for its own farewell
		timeout.Stop()
		s.messages.mail.Wait()
		stop(nil)
	case <-parts.Done():
	}
	wg.Wait()
	err := context.Cause(parts)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, s.Close())
}

// music decodes the files of music on hold. One that proves broken only now is passed over: it is no reason to end calls.
func (s *Server) music(ctx context.Context) error {
	if err := s.programs.Load(ctx); err != nil {
		s.log.Error("music left out", "err", err)
	}
	return nil
}

// streams receives music that others send.
func (s *Server) streams(ctx context.Context) error {
	return s.programs.Receive(ctx, media.StreamsConfig{
		Set: codecs.Decoders(s.libraries), Jitter: jitterConfig(s.cfg), Interfaces: relayInterfaces(s.cfg), Logger: s.log,
	})
}

// Ready is closed when Run has started every part.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Shards is how many threads relay and mix.
func (s *Server) Shards() int { return s.relay.Shards() }

// SIPAddresses are the listeners with their real ports: "udp:127.0.0.1:5060".
func (s *Server) SIPAddresses() []string { return s.stack.Addresses() }

// NGAddresses are where ng is listened to, with their real ports.
func (s *Server) NGAddresses() []netip.AddrPort {
	if s.ng == nil {
		return nil
	}
	return s.ng.Addresses()
}

// APIAddress is the HTTP listener's address, "" when there is none.
func (s *Server) APIAddress() string {
	if s.api == nil {
		return ""
	}
	return s.api.Addr().String()
}

// Close gives back what New acquired; after Run it does nothing.
func (s *Server) Close() error {
	var errs []error
	if s.api != nil {
		errs = append(errs, s.api.Close())
	}
	if s.ng != nil {
		errs = append(errs, s.ng.Close())
	}
	if s.stack != nil {
		errs = append(errs, s.stack.Close())
	}
	if s.relay != nil {
		errs = append(errs, s.relay.Close())
	}
	if s.records != nil {
		errs = append(errs, s.records.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// addFeatures makes the codes of the configuration dialable.
func (s *Server) addFeatures() {
	x, codes := s.exchange, s.cfg.FeatureCodes
	features.NewRecord(x, codes.Record, s.log)
	features.NewConference(x, codes.Conference, s.cfg.Conference.Members, s.log)
	features.NewDND(x, s.settings, codes.DND, s.log)
	features.NewForward(x, s.settings, features.ForwardCodes{
		Clear: codes.ForwardClear, All: codes.ForwardAll, Busy: codes.ForwardBusy,
		NoAnswer: codes.ForwardNoAnswer, BusyNoAnswer: codes.ForwardBusyNoAnswer,
	}, s.log)
	features.NewPickup(x, features.PickupCodes{MyGroup: codes.PickupMyGroup, Group: codes.PickupGroup, Directed: codes.PickupDirected})
	features.NewIntercom(x, codes.Intercom)
	features.NewPage(x, codes.Page)
	s.parks = features.NewPark(x, codes.Park, codes.Retrieve, store.NewTable[features.Parked](s.store, "parked"), s.log)
	features.NewMusic(x, s.programs, s.cfg.Media.MusicServer, firstMusic(s.cfg))
	s.messages.mail = features.NewVoiceMail(x, s.messages.boxes, codes.VoiceMail, s.log)
}

func timeouts(cfg *config.Config) call.Timeouts {
	t, c := cfg.Media.Timeouts, cfg.Calls
	return call.Timeouts{
		NoMedia: t.NoMedia, OneWay: t.OneWay, Hold: t.Hold, Answer: t.Answer,
		NoAnswer: c.NoAnswer, TransferRecall: c.TransferRecall, ParkRecall: c.ParkRecall, HoldRecall: c.HoldRecall,
	}
}

func (s *Server) registration(ev sip.RegistrationEvent) {
	s.log.Info("registration", "event", ev.Kind, "tel", ev.Binding.Tel, "peer", ev.Binding.Flow.Remote.String(), "reason", ev.Reason)
	if ev.Kind != sip.Rejected {
		s.where.changed(ev.Binding.Tel, s.stack.Registrar())
	}
	if ev.Kind == sip.Registered {
		s.messages.registered(ev.Binding.Tel)
	}
}
