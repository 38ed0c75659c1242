package huaweicloud

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Loose is a scalar of an answer that is a number here and a text there: the
// references' tables and examples differ. It is "" for null.
type Loose string

// UnmarshalJSON implements json.Unmarshaler.
func (l *Loose) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		return nil
	case b[0] == '"':
		return json.Unmarshal(b, (*string)(l))
	}
	*l = Loose(b)
	return nil
}

// Number is its value, 0 if it is none.
func (l Loose) Number() float64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(string(l)), 64)
	if err != nil {
		return 0
	}
	return n
}

// Int is its value without a fraction, 0 if it is no number.
func (l Loose) Int() int64 {
	if n, err := strconv.ParseInt(strings.TrimSpace(string(l)), 10, 64); err == nil {
		return n
	}
	return int64(l.Number())
}

// Moment is the time that it stands for, in one of the forms that the references
// show: RFC 3339, or milliseconds or finer since 1970. The zero time if it is neither, or 0.
func (l Loose) Moment() time.Time {
	if at, err := time.Parse(time.RFC3339, string(l)); err == nil {
		return at
	}
	n := l.Int()
	for n >= tooManyMilliseconds { // nanoseconds, or a digit more than there should be
		n /= 10
	}
	if n <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// tooManyMilliseconds is from where on a time has more digits than one in
// milliseconds has until the year 2286. The example of ListBcsEvents has one more.
const tooManyMilliseconds = 10_000_000_000_000
