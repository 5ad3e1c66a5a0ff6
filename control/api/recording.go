package api

import (
	"mime"
	"net/http"
)

// Recording asks for a recording to begin or end.
type Recording struct {
	On *bool `json:"on"`
}

// recording serves what begins and ends a recording of something.
func recording(what string, record func(s State, id string, on bool) (bool, error)) func(State, http.ResponseWriter, *http.Request, []string) {
	return func(s State, w http.ResponseWriter, r *http.Request, ids []string) {
		// A page of any site can make a browser post without asking us, but not as JSON.
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			fail(w, http.StatusUnsupportedMediaType, "the body must be application/json")
			return
		}
		var asked Recording
		if err := decode(r, &asked); err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		if asked.On == nil {
			fail(w, http.StatusBadRequest, `"on" is wanted, true or false`)
			return
		}
		switch found, err := record(s, ids[0], *asked.On); {
		case !found:
			fail(w, http.StatusNotFound, "there is no "+what+" "+ids[0])
		case err != nil:
			fail(w, http.StatusConflict, what+" "+ids[0]+": "+err.Error())
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}
}
