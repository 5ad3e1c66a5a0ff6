package voicemail

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sidetone/control/store"
)

const (
	// MaxMessages is how many messages a mailbox holds; more callers are told that it is full.
	MaxMessages = 99
	// MaxLength ends the recording of one message, MinLength is what is too short to be one.
	MaxLength = 3 * time.Minute
	MinLength = time.Second
)

// Message is one message in a mailbox.
type Message struct {
	ID     string        `json:"id"` // its file is ID.wav
	From   string        `json:"from"`
	Name   string        `json:"name,omitempty"`
	Left   time.Time     `json:"left"`
	Length time.Duration `json:"length"`
	Heard  bool          `json:"heard,omitempty"`
}

// Waiting counts what is in a mailbox.
type Waiting struct {
	New int `json:"new"`
	Old int `json:"old"`
}

// Mailboxes are the mailboxes of all stations. It may be used from any goroutine.
type Mailboxes struct {
	dir     string
	changed func(tel string)
	log     *slog.Logger

	mu        sync.Mutex // guards what is read from and then put into the tables
	messages  *store.Table[[]Message]
	elsewhere *store.Table[Waiting]
}

// New makes the mailboxes of a directory, in which each station has one of its own. changed is told, on the goroutine
// that caused it, of every station whose Waiting may have changed; it must not block.
func New(dir string, s *store.Store, changed func(tel string), log *slog.Logger) *Mailboxes {
	return &Mailboxes{
		dir: dir, changed: changed, log: log,
		messages: store.NewTable[[]Message](s, "voicemail"), elsewhere: store.NewTable[Waiting](s, "waiting"),
	}
}

// Messages lists a mailbox, the new ones first, the oldest first of each.
func (b *Mailboxes) Messages(tel string) []Message {
	list, _ := b.messages.Get(tel)
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y Message) int {
		if x.Heard != y.Heard {
			return map[bool]int{false: -1, true: 1}[x.Heard]
		}
		return cmp.Compare(x.Left.UnixNano(), y.Left.UnixNano())
	})
	return list
}

// Waiting counts a station's messages: those here, and those that another system has told us of.
func (b *Mailboxes) Waiting(tel string) Waiting {
	w, _ := b.elsewhere.Get(tel)
	for _, m := range b.Messages(tel) {
		if m.Heard {
			w.Old++
		} else {
			w.New++
		}
	}
	return w
}

// SetElsewhere notes how many messages another system keeps for a station.
func (b *Mailboxes) SetElsewhere(tel string, w Waiting) {
	if w == (Waiting{}) {
		b.elsewhere.Delete(tel)
	} else {
		b.elsewhere.Put(tel, w)
	}
	b.changed(tel)
}

// Full says whether a mailbox takes no more messages.
func (b *Mailboxes) Full(tel string) bool { return len(b.Messages(tel)) >= MaxMessages }

// Draft is a message being recorded.
type Draft struct {
	// File is where the recording goes.
	File string

	tel string
	msg Message
}

// Draft prepares a message of a caller for a station.
func (b *Mailboxes) Draft(tel, from, name string, now time.Time) (*Draft, error) {
	dir, err := b.folder(tel)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("voice mail of %s: %w", tel, err)
	}
	id := fmt.Sprintf("%s-%s", now.UTC().Format("20060102T150405"), rand.Text()[:6])
	return &Draft{File: filepath.Join(dir, id+".wav"), tel: tel, msg: Message{ID: id, From: from, Name: name, Left: now}}, nil
}

// Keep makes a message of what was recorded, or forgets it when it is too short; kept tells which.
func (b *Mailboxes) Keep(d *Draft, length time.Duration) (kept bool) {
	if length < MinLength {
		b.remove(d.File)
		return false
	}
	d.msg.Length = length.Round(time.Millisecond)
	b.change(d.tel, func(list []Message) []Message { return append(list, d.msg) })
	b.log.Info("voice mail left", "tel", d.tel, "from", d.msg.From, "seconds", int(length.Seconds()))
	return true
}

// Drop forgets a message that was not recorded.
func (b *Mailboxes) Drop(d *Draft) { b.remove(d.File) }

// Heard marks a message as listened to.
func (b *Mailboxes) Heard(tel, id string) {
	b.change(tel, func(list []Message) []Message {
		for i := range list {
			if list[i].ID == id {
				list[i].Heard = true
			}
		}
		return list
	})
}

// Delete forgets a message and its file.
func (b *Mailboxes) Delete(tel, id string) {
	b.change(tel, func(list []Message) []Message {
		return slices.DeleteFunc(list, func(m Message) bool { return m.ID == id })
	})
	if file, err := b.File(tel, id); err == nil {
		b.remove(file)
	}
}

// File is where a message's sound is.
func (b *Mailboxes) File(tel, id string) (string, error) {
	dir, err := b.folder(tel)
	if err != nil {
		return "", err
	}
	if !plain(id) {
		return "", fmt.Errorf("message %q: no such name", id)
	}
	return filepath.Join(dir, id+".wav"), nil
}

// folder is a station's directory. Numbers come from the configuration, but * and # may be in them.
func (b *Mailboxes) folder(tel string) (string, error) {
	if tel == "" {
		return "", errors.New("voice mail of nobody")
	}
	if plain(tel) {
		return filepath.Join(b.dir, tel), nil
	}
	return filepath.Join(b.dir, fmt.Sprintf("x%x", tel)), nil
}

// plain: the name is safe as a file's.
func plain(name string) bool {
	for _, r := range name {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' {
			return false
		}
	}
	return name != ""
}

func (b *Mailboxes) change(tel string, f func([]Message) []Message) {
	b.mu.Lock()
	list, _ := b.messages.Get(tel)
	if list = f(slices.Clone(list)); len(list) == 0 {
		b.messages.Delete(tel)
	} else {
		b.messages.Put(tel, list)
	}
	b.mu.Unlock()
	b.changed(tel)
}

func (b *Mailboxes) remove(file string) {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.log.Warn("voice mail file", "err", err)
	}
}
