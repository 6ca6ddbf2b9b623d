// Ends of gardener's tunnel, written anew on the QUIC stack that theirs use (quic-go), with their settings: an
// independent implementation for the tests of the tunnel.
//
//	quicgo server QUIC-ADDR TCP-ADDR DIR     accepts agents, and opens a stream to one for each TCP client
//	quicgo agent QUIC-ADDR UPSTREAM DIR      dials, and leads each stream to UPSTREAM, or where its CONNECT says ("connect")
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

var config = &quic.Config{
	HandshakeIdleTimeout:       2 * time.Second,
	MaxIdleTimeout:             5 * time.Second,
	KeepAlivePeriod:            2 * time.Second,
	MaxStreamReceiveWindow:     246 << 20,
	MaxConnectionReceiveWindow: 500 << 20,
	MaxIncomingStreams:         10000,
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func identity(dir, name string) *tls.Config {
	pem, err := os.ReadFile(dir + "/ca.crt")
	check(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	pair, err := tls.LoadX509KeyPair(dir+"/"+name+".crt", dir+"/"+name+".key")
	check(err)
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		RootCAs:      pool,
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ServerName:   "quic-tunnel-server",
		NextProtos:   []string{"quic-echo-example"},
	}
}

func main() {
	role, where, other, dir := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	if role == "server" {
		server(where, other, dir)
	} else {
		agent(where, other, dir)
	}
}

// As theirs: whichever direction ends first ends both.
func server(where, clients, dir string) {
	quicListener, err := quic.ListenAddr(where, identity(dir, "tls"), config)
	check(err)
	tcpListener, err := net.Listen("tcp", clients)
	check(err)
	fmt.Println(quicListener.Addr(), tcpListener.Addr())
	connection, err := quicListener.Accept(context.Background())
	check(err)
	fmt.Println("agent")
	for {
		client, err := tcpListener.Accept()
		check(err)
		stream, err := connection.OpenStreamSync(context.Background())
		check(err)
		go func() {
			var once sync.Once
			end := func() { client.Close(); stream.Close() }
			go func() { io.Copy(stream, client); once.Do(end) }()
			io.Copy(client, stream)
			once.Do(end)
		}()
	}
}

// As theirs: a direction that ended is told when both have.
func agent(where, upstream, dir string) {
	connection, err := quic.DialAddr(context.Background(), where, identity(dir, "client"), config)
	check(err)
	fmt.Println("connected")
	for {
		stream, err := connection.AcceptStream(context.Background())
		check(err)
		go func() {
			defer stream.Close()
			var from io.Reader = stream
			target := upstream
			if upstream == "connect" {
				reader := bufio.NewReader(stream)
				request, err := http.ReadRequest(reader)
				if err != nil {
					return
				}
				from, target = reader, request.RequestURI
			}
			to, err := net.Dial("tcp", target)
			if err != nil {
				io.WriteString(stream, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
				return
			}
			defer to.Close()
			if upstream == "connect" {
				io.WriteString(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			}
			var both sync.WaitGroup
			both.Add(2)
			go func() { defer both.Done(); io.Copy(to, from) }()
			go func() { defer both.Done(); io.Copy(stream, to) }()
			both.Wait()
		}()
	}
}
