// A TLS client or server on 127.0.0.1 that prints what it receives and each error.
//
//	peer client PORT 1.2|1.3 CERT KEY     no certificate where both are ""
//	peer server PORT 1.2|1.3 CERT KEY asks|""
package main

import (
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

func configuration(arguments []string) (*tls.Config, error) {
	version := uint16(tls.VersionTLS13)
	if arguments[3] == "1.2" {
		version = tls.VersionTLS12
	}
	// What this peer believes is not the question; who verifies is the other side.
	config := &tls.Config{MinVersion: version, MaxVersion: version, InsecureSkipVerify: true}
	if arguments[4] == "" {
		return config, nil
	}
	certificate, err := tls.LoadX509KeyPair(arguments[4], arguments[5])
	config.Certificates = []tls.Certificate{certificate}
	// Also where the server names no CA that fits.
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return &certificate, nil
	}
	return config, err
}

func client(port string, config *tls.Config) error {
	connection, err := tls.Dial("tcp", "127.0.0.1:"+port, config)
	if err != nil {
		return err
	}
	if _, err := connection.Write([]byte("top-secret-line\n")); err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, connection)
	return err
}

func server(port string, config *tls.Config, asks bool) error {
	if asks {
		config.ClientAuth = tls.RequireAnyClientCert
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:"+port, config)
	if err != nil {
		return err
	}
	accepted, err := listener.Accept()
	if err != nil {
		return err
	}
	connection := accepted.(*tls.Conn)
	if err := connection.Handshake(); err != nil {
		return err
	}
	for _, certificate := range connection.ConnectionState().PeerCertificates {
		fmt.Println("client certificate", hex.EncodeToString(certificate.Raw))
	}
	if _, err := connection.Write([]byte("hello without a verdict\n")); err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, connection)
	return err
}

func main() {
	config, err := configuration(os.Args)
	if err == nil && os.Args[1] == "client" {
		err = client(os.Args[2], config)
	} else if err == nil {
		err = server(os.Args[2], config, os.Args[6] == "asks")
	}
	if err != nil {
		fmt.Println(err)
	}
}
