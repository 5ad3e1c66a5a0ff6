package voicemail

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sidetone/control/prompt"
	"sidetone/control/store"
)

// boxes are mailboxes in a directory of the test; told notes whose Waiting may have changed.
func boxes(t *testing.T, dir string, told *[]string) *Mailboxes {
	t.Helper()
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // a test that opens it again has closed it
	return New(filepath.Join(dir, "voicemail"), s, func(tel string) {
		if told != nil {
			*told = append(*told, tel)
		}
	}, slog.New(slog.DiscardHandler))
}

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// leave puts a message of two seconds into a mailbox.
func leave(t *testing.T, b *Mailboxes, tel, from string, after time.Duration) string {
	t.Helper()
	d, err := b.Draft(tel, from, "", monday.Add(after))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.File, []byte("RIFF"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !b.Keep(d, 2*time.Second) {
		t.Fatal("not kept")
	}
	return d.msg.ID
}

// say writes a script as a line: prompts, the message's place in ids, what follows.
func say(s Script, ids []string) string {
	line := strings.Join(s.Say, " ")
	for i, id := range ids {
		if s.Play == id {
			line += fmt.Sprintf(" <%d>", i)
		}
	}
	if len(s.Then) > 0 {
		line += " " + strings.Join(s.Then, " ")
	}
	if s.Record {
		line += " REC"
	}
	if s.End {
		line += " END"
	}
	return line
}

func TestMenu(t *testing.T) {
	for _, tt := range []struct {
		name    string
		keys    string   // "." is nothing chosen
		want    []string // the first is what it begins with
		waiting Waiting
	}{
		{"listen to the end", "1669", []string{
			"you-have 3 new-messages first-menu",
			"message 1 from 2 1 7 <0> message-menu",
			"message 2 from unknown <1> message-menu",
			"message 3 from 2 1 9 <2> message-menu",
			"saved no-more first-menu",
		}, Waiting{0, 3}},
		{"delete the middle one, back, again", "167457#", []string{
			"you-have 3 new-messages first-menu",
			"message 1 from 2 1 7 <0> message-menu",
			"message 2 from unknown <1> message-menu",
			"deleted message 2 from 2 1 9 <2> message-menu",
			"message 1 from 2 1 7 <0> message-menu",
			"message 1 from 2 1 7 <0> message-menu",
			"deleted message 1 from 2 1 9 <2> message-menu",
			"good-bye END",
		}, Waiting{0, 1}},
		{"delete all", "1777", []string{
			"you-have 3 new-messages first-menu",
			"message 1 from 2 1 7 <0> message-menu",
			"deleted message 1 from unknown <1> message-menu",
			"deleted message 1 from 2 1 9 <2> message-menu",
			"deleted no-more good-bye END",
		}, Waiting{}},
		{"wrong keys", "51*8", []string{
			"you-have 3 new-messages first-menu",
			"not-a-choice first-menu",
			"message 1 from 2 1 7 <0> message-menu",
			"not-a-choice message-menu",
			"not-a-choice message-menu",
		}, Waiting{2, 1}},
		{"nothing chosen", "1....", []string{
			"you-have 3 new-messages first-menu",
			"message 1 from 2 1 7 <0> message-menu",
			"message-menu", "message-menu", "good-bye END", "good-bye END",
		}, Waiting{2, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := boxes(t, t.TempDir(), nil)
			ids := []string{leave(t, b, "218", "217", 0), leave(t, b, "218", "anonymous", time.Minute), leave(t, b, "218", "219", time.Hour)}
			m := NewMenu(b, "218")
			got := []string{say(m.Begin(), ids)}
			for _, key := range []byte(tt.keys) {
				if key == '.' {
					got = append(got, say(m.Finished(), ids))
				} else {
					got = append(got, say(m.Press(key), ids))
				}
			}
			if g, w := strings.Join(got, "\n"), strings.Join(tt.want, "\n"); g != w {
				t.Errorf("said\n%s\nwant\n%s", g, w)
			}
			if w := b.Waiting("218"); w != tt.waiting {
				t.Errorf("left %+v, want %+v", w, tt.waiting)
			}
			if files, err := filepath.Glob(filepath.Join(b.dir, "218", "*.wav")); err != nil || len(files) != tt.waiting.New+tt.waiting.Old {
				t.Errorf("files %v %v", files, err)
			}
		})
	}
}

func TestGreetings(t *testing.T) {
	b := boxes(t, t.TempDir(), nil)
	for i := range MaxMessages {
		if b.Full("218") {
			t.Fatalf("full with %d", i)
		}
		leave(t, b, "218", "217", time.Duration(i)*time.Minute)
	}
	for _, tt := range []struct{ got, want string }{
		{say(Greeting("218", false), nil), "greeting-before 2 1 8 greeting-after REC"},
		{say(Greeting("218", b.Full("218")), nil), "mailbox-full END"},
		{say(Recorded(), nil), "thank-you END"},
		{say(NewMenu(b, "219").Begin(), nil), "you-have no new-messages good-bye END"},
		{say(NewMenu(b, "218").Begin(), nil), "you-have 90 9 new-messages first-menu"},
	} {
		if tt.got != tt.want {
			t.Errorf("said %q, want %q", tt.got, tt.want)
		}
	}
}

// TestEveryPromptExists: whatever is said has been spoken.
func TestEveryPromptExists(t *testing.T) {
	names := strings.Fields("greeting-before greeting-after mailbox-full thank-you you-have no new-message new-messages saved-message saved-messages " +
		"and first-menu message from unknown message-menu deleted saved no-more good-bye not-a-choice")
	for n := range 100 {
		names = append(names, number(n)...)
	}
	if _, err := prompt.Say(names...); err != nil {
		t.Error(err)
	}
}

func TestMailboxesComeBack(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	b := New(filepath.Join(dir, "voicemail"), s, func(tel string) { told = append(told, tel) }, slog.New(slog.DiscardHandler))
	old, fresh := leave(t, b, "218", "217", 0), leave(t, b, "218", "219", time.Minute)
	leave(t, b, "*77", "217", 0)
	b.Heard("218", old)
	b.SetElsewhere("218", Waiting{New: 2})
	d, err := b.Draft("218", "217", "", monday)
	if err != nil {
		t.Fatal(err)
	}
	if b.Keep(d, 300*time.Millisecond) {
		t.Error("a message of 0.3 s was kept")
	}
	if got := strings.Join(told, " "); got != "218 218 *77 218 218" {
		t.Errorf("told %s", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b = boxes(t, dir, nil)
	if list := b.Messages("218"); len(list) != 2 || list[0].ID != fresh || list[1].ID != old || list[0].From != "219" || list[0].Length != 2*time.Second || !list[0].Left.Equal(monday.Add(time.Minute)) {
		t.Errorf("%+v", list)
	}
	if w := b.Waiting("218"); w != (Waiting{3, 1}) {
		t.Errorf("%+v", w)
	}
	b.SetElsewhere("218", Waiting{})
	if got := string(b.Waiting("218").Summary("sip:*97@pbx")); got != "Messages-Waiting: yes\r\nMessage-Account: sip:*97@pbx\r\nVoice-Message: 1/1 (0/0)\r\n" {
		t.Errorf("%q", got)
	}
}

func TestNamesStayInTheirFolder(t *testing.T) {
	b := boxes(t, t.TempDir(), nil)
	for _, id := range []string{"../x", "", "a/b", ".", "x.wav"} {
		if file, err := b.File("218", id); err == nil {
			t.Errorf("%q is %s", id, file)
		}
	}
	for _, tel := range []string{"..", "a/b", "*77"} {
		file, err := b.File(tel, "m")
		if err != nil || filepath.Dir(filepath.Dir(file)) != b.dir {
			t.Errorf("%q: %s %v", tel, file, err)
		}
	}
	if err := os.MkdirAll(b.dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "218"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Draft("218", "217", "", monday); err == nil {
		t.Error("a draft where a file is in the way")
	}
}
