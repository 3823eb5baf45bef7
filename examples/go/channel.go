package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Frames, docs/protocol.md section 8.
const (
	frameData = iota
	frameRequest
	frameEvidence
	frameVerdict
)

var longest = [...]int{16384, 64, 8192, 1024}

// ErrRefused says that the server looked at this guest's evidence and refused it.
var ErrRefused = errors.New("peer_refused")

// A Channel is a framed connection to the server whose key is pinned. It answers the server's
// REQUESTs while it is read. One goroutine at a time.
type Channel struct {
	conn       *tls.Conn
	source     ReportSource
	waiting    []byte // application bytes that nobody has read yet
	verdictDue bool
	used       map[string]bool
}

// Dial connects, checks the pin, and attests as the server asks.
func Dial(address, pin string, source ReportSource) (*Channel, error) {
	wanted, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(pin, "sha256//"))
	if err != nil || len(wanted) != sha256.Size {
		return nil, errors.New("a pin is written sha256//, then 32 bytes in base64")
	}
	conn, err := tls.Dial("tcp", address, &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // no CA knows the server: its pinned key does
		VerifyConnection: func(session tls.ConnectionState) error {
			got := sha256.Sum256(session.PeerCertificates[0].RawSubjectPublicKeyInfo)
			if subtle.ConstantTimeCompare(got[:], wanted) != 1 {
				return errors.New("pin_mismatch: this is not the server that is pinned")
			}
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	channel := &Channel{conn: conn, source: source, used: map[string]bool{}}
	if err := channel.attest(); err != nil {
		conn.Close()
		return nil, err
	}
	return channel, nil
}

// attest takes the server's first REQUEST and its VERDICT; nothing else may come first.
func (c *Channel) attest() error {
	kind, body, err := c.frame()
	if err == io.EOF {
		return errors.New("evidence_not_requested: the server closed instead")
	}
	if err != nil {
		return err
	}
	if kind == frameData {
		return errors.New("evidence_not_requested: DATA came first")
	}
	if err := c.take(kind, body); err != nil {
		return err
	}
	for c.verdictDue {
		if err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

// Write sends application bytes.
func (c *Channel) Write(data []byte) error {
	for len(data) > 0 {
		size := len(data)
		if size > 16380 {
			size = 16380
		}
		if err := c.send(frameData, data[:size]); err != nil {
			return err
		}
		data = data[size:]
	}
	return nil
}

// Read gives what has arrived, at least one byte; io.EOF is an orderly end.
func (c *Channel) Read(out []byte) (int, error) {
	for len(c.waiting) == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	size := copy(out, c.waiting)
	c.waiting = c.waiting[size:]
	return size, nil
}

// Close ends both directions.
func (c *Channel) Close() error { return c.conn.Close() }

func (c *Channel) send(kind byte, body []byte) error {
	header := []byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}
	_, err := c.conn.Write(append(header, body...))
	return err
}

// frame reads one; io.EOF only between two.
func (c *Channel) frame() (byte, []byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(c.conn, header[:]); err != nil {
		return 0, nil, err
	}
	kind, size := header[0], int(binary.BigEndian.Uint32(header[:])&0xFFFFFF)
	if kind > frameVerdict {
		return 0, nil, errors.New("framing_mismatch: the server is plain")
	}
	if size > longest[kind] {
		return 0, nil, fmt.Errorf("malformed_frame: type %d of %d bytes", kind, size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.conn, body); err != nil {
		return 0, nil, fmt.Errorf("truncated_stream: %w", err)
	}
	return kind, body, nil
}

func (c *Channel) next() error {
	kind, body, err := c.frame()
	if err == io.EOF && c.verdictDue {
		return errors.New("verdict_missing")
	}
	if err != nil {
		return err
	}
	return c.take(kind, body)
}

func (c *Channel) take(kind byte, body []byte) error {
	switch kind {
	case frameData:
		if c.verdictDue {
			return errors.New("frame_out_of_order: DATA before the VERDICT")
		}
		c.waiting = append(c.waiting, body...)
		return nil
	case frameRequest:
		return c.answer(body)
	case frameEvidence:
		return errors.New("unsolicited_evidence")
	default:
		return c.judged(body)
	}
}

func (c *Channel) answer(body []byte) error {
	if len(body) != 36 || !bytes.HasPrefix(body, []byte{0x82, 0x58, 0x20}) || body[35] > 23 {
		return errors.New("malformed_frame: not a REQUEST")
	}
	ctx, level := body[3:35], body[35]
	switch {
	case level > levelExporter:
		return fmt.Errorf("level_unavailable: level %d", level)
	case c.verdictDue:
		return errors.New("duplicate_request")
	case c.used[string(ctx)]:
		return errors.New("context_reused")
	}
	c.used[string(ctx)] = true
	evidence, err := evidenceFor(c.conn.ConnectionState(), ctx, c.source)
	if err != nil {
		return err
	}
	answer := array(byteString(ctx), evidence) // the evidence lies in it as it is
	if len(answer) > longest[frameEvidence] {
		return errors.New("malformed_evidence: too long")
	}
	c.verdictDue = true
	return c.send(frameEvidence, answer)
}

// judged reads [code, reason, hint].
func (c *Channel) judged(body []byte) error {
	malformed := errors.New("malformed_frame: not a VERDICT")
	next := func(major byte) (int, bool) {
		if len(body) == 0 || body[0]>>5 != major {
			return 0, false
		}
		info, longer := int(body[0]&31), 0
		if info == 24 || info == 25 {
			longer = info - 23
		}
		if info > 25 || len(body) < 1+longer {
			return 0, false
		}
		for i, value := 0, 0; i < longer; i++ {
			value = value<<8 | int(body[1+i])
			info = value
		}
		body = body[1+longer:]
		return info, true
	}
	words := func() string {
		size, ok := next(3)
		if !ok || size > len(body) {
			return ""
		}
		said := body[:size]
		body = body[size:]
		return fmt.Sprintf("%q", said)
	}
	if items, ok := next(4); !ok || items != 3 {
		return malformed
	}
	code, ok := next(0)
	if !ok {
		return malformed
	}
	reason, hint := words(), words()
	switch {
	case code == 3:
		return fmt.Errorf("cannot_judge_now: %s", reason)
	case code != 0:
		return fmt.Errorf("%w: %s (%s)", ErrRefused, reason, hint)
	case !c.verdictDue || reason == "" || hint == "" || len(body) > 0:
		return errors.New("frame_out_of_order: a VERDICT over nothing, or not well-formed")
	}
	c.verdictDue = false
	return nil
}
