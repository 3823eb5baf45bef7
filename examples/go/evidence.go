package main

import (
	"crypto/sha512"
	"crypto/tls"
	"fmt"
)

// The bytes of docs/protocol.md: sections 3 (evidence), 4 (REPORT_DATA) and 5 (B_p).

const (
	clientAfterHandshake = 2
	levelExporter        = 3
	algorithmSHA384      = 7
)

// A Report is what the guest's firmware signed, and the certificate of the key that it signed with.
type Report struct {
	SNP  []byte // 1184 bytes
	VCEK []byte // DER; nil where the verifier has it
}

// A ReportSource asks the firmware for a report over 64 bytes.
type ReportSource func(reportData []byte) (Report, error)

// Deterministic CBOR: only what evidence is made of.

func head(major byte, value int) []byte {
	switch {
	case value < 24:
		return []byte{major<<5 | byte(value)}
	case value < 256:
		return []byte{major<<5 | 24, byte(value)}
	default:
		return []byte{major<<5 | 25, byte(value >> 8), byte(value)}
	}
}

func join(parts ...[]byte) []byte {
	var out []byte
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

func number(value int) []byte        { return head(0, value) }
func byteString(value []byte) []byte { return join(head(2, len(value)), value) }
func text(value string) []byte       { return join(head(3, len(value)), []byte(value)) }
func array(items ...[]byte) []byte   { return join(head(4, len(items)), join(items...)) }
func pairs(items ...[]byte) []byte   { return join(head(5, len(items)/2), join(items...)) }

// A client without a certificate has the empty string for a key, and says so in its claims.
func noKey() []byte {
	sum := sha512.Sum384(nil)
	return sum[:]
}

func claimsFor(session tls.ConnectionState, ctx []byte) ([]byte, error) {
	context := join(ctx, []byte{clientAfterHandshake}, noKey())
	binder, err := session.ExportKeyingMaterial("EXPERIMENTAL-ratls-v1-post", context, 48)
	if err != nil {
		return nil, err
	}
	return pairs(
		text("nonce"), byteString(binder),
		text("ratls"), array(number(1), number(clientAfterHandshake), number(levelExporter)),
		text("pubkey-hash"), byteString(array(number(algorithmSHA384), byteString(noKey()))),
	), nil
}

func reportDataOf(claims []byte) []byte {
	leaf := sha512.Sum384(join([]byte{0}, claims)) // alone in its tree: also the root
	sum := sha512.Sum512(join([]byte("RATLS-SNP-v1"), []byte{0}, leaf[:]))
	return sum[:]
}

// evidenceFor makes evidence for one REQUEST of one session.
func evidenceFor(session tls.ConnectionState, ctx []byte, source ReportSource) ([]byte, error) {
	claims, err := claimsFor(session, ctx)
	if err != nil {
		return nil, err
	}
	report, err := source(reportDataOf(claims))
	if err != nil {
		return nil, err
	}
	if len(report.SNP) != 1184 {
		return nil, fmt.Errorf("a report of %d bytes", len(report.SNP))
	}
	snp := text("application/vnd.amd.sev-snp.attestation-report")
	items := [][]byte{number(1), array(snp, byteString(report.SNP), number(4))}
	if report.VCEK != nil {
		vcek := array(text("application/pkix-cert"), byteString(report.VCEK), number(2))
		items = append(items, number(2), vcek)
	}
	vouched := array(text("application/vnd.ratls.claims+cbor"), byteString(claims), number(4))
	return pairs(append(items, number(3), vouched)...), nil
}
