package voicemail

import "fmt"

// The event package of message waiting (RFC 3842).
const (
	SummaryEvent = "message-summary"
	SummaryType  = "application/simple-message-summary"
)

// Summary is the body that tells a phone what waits for it; account is the URI that it dials to listen.
func (w Waiting) Summary(account string) []byte {
	waiting := "no"
	if w.New > 0 {
		waiting = "yes"
	}
	return fmt.Appendf(nil, "Messages-Waiting: %s\r\nMessage-Account: %s\r\nVoice-Message: %d/%d (0/0)\r\n", waiting, account, w.New, w.Old)
}
