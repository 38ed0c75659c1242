package huaweicloud

import (
	"encoding/json"
	"testing"
	"time"
)

// What is a number in one answer and a text in another one is the same.
func TestLoose(t *testing.T) {
	for text, want := range map[string]struct {
		text   Loose
		number float64
		whole  int64
		moment string
	}{
		`null`:                        {"", 0, 0, ""},
		`""`:                          {"", 0, 0, ""},
		`"1.5"`:                       {"1.5", 1.5, 1, "1970-01-01T00:00:00.001Z"},
		`1618219038464462600`:         {"1618219038464462600", 1618219038464462600, 1618219038464462600, "2021-04-12T09:17:18.464Z"},
		`1467892800000`:               {"1467892800000", 1467892800000, 1467892800000, "2016-07-07T12:00:00Z"},
		`"16377362908000"`:            {"16377362908000", 16377362908000, 16377362908000, "2021-11-24T06:44:50.8Z"},
		`"2021-03-31T10:46:30+08:00"`: {"2021-03-31T10:46:30+08:00", 0, 0, "2021-03-31T02:46:30Z"},
		`-5`:                          {"-5", -5, -5, ""},
		`true`:                        {"true", 0, 0, ""},
		`"peer"`:                      {"peer", 0, 0, ""},
		`{"a":1}`:                     {`{"a":1}`, 0, 0, ""},
	} {
		var got Loose
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		moment := ""
		if at := got.Moment(); !at.IsZero() {
			moment = at.UTC().Format(time.RFC3339Nano)
		}
		if got != want.text || got.Number() != want.number || got.Int() != want.whole || moment != want.moment {
			t.Errorf("%s: %q %v %d %s", text, got, got.Number(), got.Int(), moment)
		}
	}
}
