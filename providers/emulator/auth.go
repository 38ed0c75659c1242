package emulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	signatureAlgorithm = "SDK-HMAC-SHA256"
	signatureDate      = "20060102T150405Z"
	unsignedPayload    = "UNSIGNED-PAYLOAD"

	// maxClockSkew is how far a signature's date may be from the clock.
	maxClockSkew = 15 * time.Minute
)

// authenticate lets in who signs with an access key or brings a token that IAM
// gave out, says for which project, and tells everybody else why not. The reason
// is for the log only: the client learns no more than that it is refused.
func (e *Emulator) authenticate(t *tx, r *http.Request, body []byte, now time.Time) (project string, err error) {
	if token := r.Header.Get("X-Auth-Token"); token != "" {
		return checkToken(t, token, now)
	}
	a, err := parseAuthorization(r.Header.Get("Authorization"))
	if err != nil {
		return "", err
	}
	who, err := e.withKey(a.accessKey)
	if err != nil {
		return "", err
	}
	return who.ProjectID, checkSignature(a, who.SecretKey, r, body, now)
}

// checkSignature verifies an AK/SK signature as the vendor's SDK makes it
// (core/auth/signer there).
func checkSignature(a authorization, secretKey string, r *http.Request, body []byte, now time.Time) error {
	date := r.Header.Get("X-Sdk-Date")
	signed, err := time.Parse(signatureDate, date)
	if err != nil {
		return fmt.Errorf("X-Sdk-Date is not of the form %s", signatureDate)
	}
	if skew := now.Sub(signed).Abs(); skew > maxClockSkew {
		return fmt.Errorf("X-Sdk-Date is %v away from the clock", skew)
	}
	if !slices.Contains(a.signedHeaders, "x-sdk-date") {
		return fmt.Errorf("X-Sdk-Date is not signed")
	}
	payload, err := payloadHash(r, body)
	if err != nil {
		return err
	}
	canonical := canonicalRequest(r, a.signedHeaders, payload)
	digest := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(secretKey))
	fmt.Fprintf(mac, "%s\n%s\n%s", signatureAlgorithm, date, hex.EncodeToString(digest[:]))
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(a.signature)) {
		return fmt.Errorf("the signature does not match")
	}
	return nil
}

// authorization is a parsed Authorization header.
type authorization struct {
	accessKey     string
	signedHeaders []string // lower case, as sent
	signature     string   // hex
}

// parseAuthorization reads "SDK-HMAC-SHA256 Access=..., SignedHeaders=a;b, Signature=...".
func parseAuthorization(header string) (authorization, error) {
	var a authorization
	rest, ok := strings.CutPrefix(header, signatureAlgorithm+" ")
	if !ok {
		return a, fmt.Errorf("neither a token nor a signature with %s", signatureAlgorithm)
	}
	for _, part := range strings.Split(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "Access":
			a.accessKey = value
		case "SignedHeaders":
			a.signedHeaders = strings.Split(value, ";")
		case "Signature":
			a.signature = value
		}
	}
	if a.accessKey == "" || a.signature == "" || len(a.signedHeaders) == 0 {
		return a, fmt.Errorf("the Authorization header is not complete")
	}
	return a, nil
}

// payloadHash is what the last line of the canonical request says of the body.
// Only a body that is not JSON may go unsigned.
func payloadHash(r *http.Request, body []byte) (string, error) {
	sum := sha256.Sum256(body)
	actual := hex.EncodeToString(sum[:])
	switch told := r.Header.Get("X-Sdk-Content-Sha256"); {
	case told == "" || told == actual:
		return actual, nil
	case told == unsignedPayload && !strings.Contains(r.Header.Get("Content-Type"), "application/json"):
		return told, nil
	}
	return "", fmt.Errorf("X-Sdk-Content-Sha256 does not fit the body")
}

// canonicalRequest puts what is signed into its one form.
func canonicalRequest(r *http.Request, signedHeaders []string, payload string) string {
	segments := strings.Split(r.URL.Path, "/")
	for i, s := range segments {
		segments[i] = escape(s)
	}
	path := strings.TrimSuffix(strings.Join(segments, "/"), "/") + "/"
	var headers strings.Builder
	for _, name := range signedHeaders {
		values := slices.Clone(r.Header.Values(name))
		if name == "host" {
			values = []string{r.Host}
		}
		slices.Sort(values)
		for _, v := range values {
			headers.WriteString(name + ":" + strings.TrimSpace(v) + "\n")
		}
	}
	return strings.Join([]string{r.Method, path, canonicalQuery(r.URL.Query()), headers.String(), strings.Join(signedHeaders, ";"), payload}, "\n")
}

// canonicalQuery sorts by key, then by value.
func canonicalQuery(query url.Values) string {
	keys := make([]string, 0, len(query))
	for key := range query {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var pairs []string
	for _, key := range keys {
		values := slices.Clone(query[key])
		slices.Sort(values)
		for _, v := range values {
			pairs = append(pairs, escape(key)+"="+escape(v))
		}
	}
	return strings.Join(pairs, "&")
}

// escape percent-encodes all bytes but A-Z a-z 0-9 - _ . ~ (RFC 3986, 2.3).
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', strings.IndexByte("-_.~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// kindToken is the kind of IAM tokens.
const kindToken = "iam.token"

// tokenLife is how long a token opens the doors.
const tokenLife = 24 * time.Hour

// token is a token that IAM gave out. Only its digest is kept.
type token struct {
	Digest  string
	Project string
	Issued  time.Time
}

func (t *token) object() Object {
	return Object{Kind: kindToken, ID: t.Digest, Project: t.Project, Created: t.Issued}
}

// tokenDigest is under what a token is kept.
func tokenDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// checkToken is the project that a token opens.
func checkToken(t *tx, text string, now time.Time) (project string, err error) {
	known, err := get[token](t, kindToken, tokenDigest(text))
	if err != nil {
		return "", err
	}
	if known == nil {
		return "", fmt.Errorf("unknown token")
	}
	if now.Sub(known.Issued) > tokenLife {
		return "", fmt.Errorf("the token ran out")
	}
	return known.Project, nil
}
