package huaweicloud

import (
	"archive/zip"
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// soon is how long before the end of a certificate it is told of.
const soon = 30 * 24 * time.Hour

// mostCertBytes is far more than a file with certificates has.
const mostCertBytes = 1 << 20

// JudgeValidity notes for how long the certificates of an archive are made. It is
// a zip archive in base64, as the state holds it; what can't be read, such as a
// secret whose key is lost, tells nothing.
func JudgeValidity(h *providers.Health, archive any) {
	first, file := firstToExpire(providers.Text(archive))
	if first.IsZero() {
		return
	}
	left := time.Until(first)
	s := providers.Symptom{Since: first, Advice: "Replace it: apply --replace with its node has a new one issued."}
	switch {
	case left <= 0:
		s.Condition, s.Message = providers.Abnormal, fmt.Sprintf("Its certificate %s has expired.", file)
		h.Add(s)
	case left < soon:
		s.Condition, s.Since = providers.Healthy, time.Time{}
		s.Message = fmt.Sprintf("Its certificate %s expires at %s.", file, first.UTC().Format(time.RFC3339))
		h.Add(s)
	}
	h.Measure(providers.Figure{Name: "validity", Value: float64(int64(left / (24 * time.Hour))), Unit: "days"})
}

// firstToExpire returns when the first of the certificates in an archive expires,
// and which file has it; the zero time if there is none.
func firstToExpire(archive string) (first time.Time, file string) {
	b, err := base64.StdEncoding.DecodeString(archive)
	if err != nil {
		return first, ""
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return first, ""
	}
	for _, f := range z.File {
		for _, cert := range certificatesIn(f) {
			if first.IsZero() || cert.NotAfter.Before(first) {
				first, file = cert.NotAfter, f.Name
			}
		}
	}
	return first, file
}

// certificatesIn reads the certificates of a file.
func certificatesIn(f *zip.File) []*x509.Certificate {
	if f.UncompressedSize64 > mostCertBytes {
		return nil
	}
	r, err := f.Open()
	if err != nil {
		return nil
	}
	defer r.Close()
	rest, err := io.ReadAll(io.LimitReader(r, mostCertBytes))
	if err != nil {
		return nil
	}
	var out []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return out
		}
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
			out = append(out, cert)
		}
	}
}
