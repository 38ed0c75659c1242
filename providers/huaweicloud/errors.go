package huaweicloud

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

var errAnswerTooLarge = errors.New("the answer is larger than any answer of the service should be")

// Why the answer to a read is taken for none.
var (
	errSaysNothing = errors.New("the answer is empty")
	errNoFields    = errors.New("the answer has no fields")
)

// NoFields reports whether a read was answered by an object without fields: nothing,
// unless the answer is a list whose service leaves out what is empty.
func NoFields(err error) bool { return errors.Is(err, errNoFields) }

// judge turns the end of one attempt into nil or an error with a kind. err is
// what the SDK returned; what it says about status and ID is replaced by what
// the transport saw.
func (x *exchange) judge(operation string, changes bool, err error) *providers.Error {
	silent := !changes && x.answer != nil && x.answer.saysNothing()
	if err == nil && x.status >= 200 && x.status < 300 && !silent {
		return nil
	}
	e := &providers.Error{
		Operation:  operation,
		Status:     x.status,
		RequestID:  x.requestID,
		RetryAfter: x.retryAfter,
	}
	switch {
	case x.status == 0:
		x.unanswered(e, changes, err)
	case x.status < 300 && err == nil:
		// That something does not exist, or that there is none, must have been said.
		undecodable(e, changes, nil)
		e.Message, e.Err = "the answer says nothing", errSaysNothing
		if string(x.answer.begun) == "{}" {
			e.Err = errNoFields
		}
	case x.status < 300:
		undecodable(e, changes, err)
	case x.status < 400:
		// The SDK takes this for success with an empty answer.
		e.Kind = providers.Unexpected
		e.Message = "the endpoint answers with a redirection instead of doing the work"
		e.Advice = "Check the endpoint: something between here and the service, such as a proxy or a login page, answers in its place."
	default:
		rejected(e, changes, err)
	}
	return e
}

// unanswered judges an attempt without any answer: what matters is whether the
// request may have left.
func (x *exchange) unanswered(e *providers.Error, changes bool, err error) {
	e.Err = withoutURL(err)
	switch {
	case x.host == "":
		e.Kind = providers.Unexpected
		e.Message = fmt.Sprintf("the request could not be made: %v", e.Err)
	case x.barred != nil:
		e.Kind, e.Err = providers.Unavail, x.barred
		e.Message = fmt.Sprintf("nothing was sent: %v", x.barred)
	case x.unsent(err):
		e.Kind = providers.Unavail
		e.Message = fmt.Sprintf("%s could not be reached: %v", x.host, e.Err)
		e.Advice = "Nothing was sent. Check the network, the proxy variables and the endpoint or region."
	case changes:
		ambiguous(e, fmt.Sprintf("the answer of %s was lost: %v", x.host, e.Err))
	default:
		e.Kind = providers.Unavail
		e.Message = fmt.Sprintf("%s did not answer: %v", x.host, e.Err)
		e.Advice = "The call was one that changes nothing. Try again later."
	}
}

// unsent reports whether surely no byte of the request left. A transport that
// reports its steps is believed; of another one only errors that can't come
// later than the connection count.
func (x *exchange) unsent(err error) bool {
	if x.connected.Load() {
		return false
	}
	return x.asked.Load() || beforeConnection(err)
}

func beforeConnection(err error) bool {
	var (
		op        *net.OpError
		dns       *net.DNSError
		cert      *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
	)
	if errors.As(err, &op) {
		return op.Op == "dial" || op.Op == "proxyconnect"
	}
	return errors.As(err, &dns) || errors.As(err, &cert) || errors.As(err, &authority) || errors.As(err, &host)
}

// undecodable judges a good status with a body that is not what the contract
// says or that broke off. It is no rejection: a changing call has been done.
func undecodable(e *providers.Error, changes bool, err error) {
	message := "the answer does not have the form that the contract says"
	var sr *sdkerr.ServiceResponseError
	switch {
	case errors.As(err, &sr):
		message += ": " + OneLine(sr.ErrorMessage)
	case err != nil:
		e.Err = err
		message = "the answer broke off: " + OneLine(err.Error())
	}
	if changes {
		ambiguous(e, message)
		return
	}
	e.Kind = providers.Unexpected
	if e.Err != nil {
		e.Kind = providers.Unavail
	}
	e.Message = message
	e.Advice = "The call was one that changes nothing. Check that the endpoint is the service itself, and try again."
}

func ambiguous(e *providers.Error, message string) {
	e.Kind = providers.Ambiguous
	e.Message = message
	e.Advice = "The request may have been carried out. Run the command again: it looks at what exists before it sends anything."
}

// rejected judges an answer with an error status by the vendor's code, then by
// the status. The text is only for humans.
func rejected(e *providers.Error, changes bool, err error) {
	var sr *sdkerr.ServiceResponseError
	if errors.As(err, &sr) {
		e.Code = sr.ErrorCode
		e.Message = OneLine(sr.ErrorMessage)
	} else if err != nil {
		e.Message = OneLine(err.Error())
	}
	r, known := ruleOf(e.Code)
	if !known {
		r = ruleOfStatus(e.Status, e.Code, changes)
	}
	e.Kind, e.Advice = r.kind, r.advice
	switch {
	case e.Advice != "":
	case e.Kind == providers.Invalid && !changes:
		e.Advice = "Nothing was changed. Check what was asked for: the ID or the name, and that it is of the kind that is asked about."
	default:
		e.Advice = kindAdvice[e.Kind]
	}
}

// ruleOfStatus is for codes that no table knows.
func ruleOfStatus(status int, code string, changes bool) rule {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return rule{kind: providers.Auth}
	case status == http.StatusTooManyRequests:
		return rule{kind: providers.Throttled}
	case status == http.StatusNotFound && code != "" && !strings.HasPrefix(code, "APIGW."):
		return rule{kind: providers.NotFound}
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		// Without a code of the service this is some other server, or a wrong
		// path: it must not be read as "the object is gone".
		return rule{providers.Unexpected, "Check endpoint and region: what answers there does not know this call."}
	case status == http.StatusConflict:
		return rule{kind: providers.Conflict}
	case status >= 500 && changes:
		return rule{providers.Ambiguous, "The request may have been carried out. Run the command again: it looks at what exists before it sends anything."}
	case status >= 500:
		return rule{providers.Unavail, "The service failed. The call was one that changes nothing; try again later."}
	}
	return rule{kind: providers.Invalid}
}

// withoutURL drops the method and URL that net/http puts before each error;
// the operation and host say the same shorter.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// OneLine makes text of unknown origin fit for a line of an error message: what
// could move the cursor or change the terminal becomes a space.
func OneLine(s string) string {
	const most = 300
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}

// retryAfter reads a Retry-After header (RFC 9110, 10.2.3): seconds or a date.
// What is neither, or past, gives 0; more than an hour is cut to an hour.
func retryAfter(s string, now time.Time) time.Duration {
	if s == "" {
		return 0
	}
	var d time.Duration
	if n, err := strconv.Atoi(s); err == nil {
		d = time.Duration(min(n, 3600)) * time.Second
	} else if at, err := http.ParseTime(s); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), time.Hour)
}

// IsKind reports whether err is a provider error of the given kind.
func IsKind(err error, kind providers.Kind) bool {
	var e *providers.Error
	return errors.As(err, &e) && e.Kind == kind
}

// IsCode reports whether err is a provider error with the given vendor code.
func IsCode(err error, code string) bool {
	var e *providers.Error
	return errors.As(err, &e) && e.Code == code
}

// Gone reports whether err says that the object does not exist. A call that
// was refused, or not answered, says nothing of that kind.
func Gone(err error) bool { return IsKind(err, providers.NotFound) }

// Senseless is the error of an answer from which nothing may be concluded.
func Senseless(operation, message string) error {
	return &providers.Error{
		Kind: providers.Unexpected, Operation: operation, Message: message,
		Advice: "Check that the endpoint is the service itself, and try again.",
	}
}
