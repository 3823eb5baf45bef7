// A guest that runs on Go and attests itself without a TLS client certificate.
//
//	client -connect HOST:PORT -pin sha256//... -report-command COMMAND [-vcek FILE] [TEXT...]
//
// COMMAND is run with 128 hex digits of REPORT_DATA behind it and writes the 1184 bytes of a report
// to standard output. With the simulator, which proves nothing:
//
//	ratls sim report sim --out /dev/null --endorsement-out vcek.der
//	client ... -report-command 'ratls sim report sim --out - --report-data' -vcek vcek.der hello
//
// Exit codes: 0 answered, 64 usage, 69 unavailable, 77 refused by the server.
package main

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// command runs line with the hex digits of REPORT_DATA behind it.
func command(line, vcek string) ReportSource {
	words := strings.Fields(line)
	return func(reportData []byte) (Report, error) {
		arguments := append(append([]string{}, words[1:]...), hex.EncodeToString(reportData))
		made, err := exec.Command(words[0], arguments...).Output()
		if err != nil {
			return Report{}, fmt.Errorf("%s: %w", words[0], err)
		}
		report := Report{SNP: made}
		if vcek != "" {
			report.VCEK, err = os.ReadFile(vcek)
		}
		return report, err
	}
}

// talk sends each line and prints what comes back.
func talk(channel *Channel, lines []string) error {
	answer := make([]byte, 1024)
	for _, line := range lines {
		if err := channel.Write([]byte(line)); err != nil {
			return err
		}
		size, err := channel.Read(answer)
		if err != nil {
			return err
		}
		fmt.Println(string(answer[:size]))
	}
	return channel.Close()
}

func main() {
	connect := flag.String("connect", "", "the server, HOST:PORT")
	pin := flag.String("pin", "", "its key, sha256//...")
	report := flag.String("report-command", "", "makes a report; REPORT_DATA is put behind it")
	vcek := flag.String("vcek", "", "the VCEK, DER")
	deadline := flag.Duration("deadline", 30*time.Second, "for everything")
	flag.CommandLine.Init("client", flag.ContinueOnError)
	if err := flag.CommandLine.Parse(os.Args[1:]); err != nil || strings.TrimSpace(*report) == "" ||
		*connect == "" || *pin == "" || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "client: wrong arguments; the head of main.go says how it is called")
		os.Exit(64)
	}
	time.AfterFunc(*deadline, func() {
		fmt.Fprintln(os.Stderr, "client: handshake_timeout")
		os.Exit(69)
	})
	channel, err := Dial(*connect, *pin, command(*report, *vcek))
	if err == nil {
		err = talk(channel, flag.Args())
	}
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "client:", err)
	if errors.Is(err, ErrRefused) {
		os.Exit(77)
	}
	os.Exit(69)
}
