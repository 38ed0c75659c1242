//go:build unix

package main

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"sync"
	"time"
)

// proxy stands between a command and the cloud, counts the requests, and kills
// the command around one of them.
type proxy struct {
	point point
	cmd   *exec.Cmd
	url   string

	srv    *http.Server
	served chan struct{}

	mu       sync.Mutex
	requests int  // guarded by mu
	killed   bool // guarded by mu
}

// newProxy listens before the cloud at target. cmd is what is killed.
func newProxy(target string, cmd *exec.Cmd, p point) (*proxy, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	x := &proxy{point: p, cmd: cmd, url: "http://" + l.Addr().String(), served: make(chan struct{})}
	x.srv = &http.Server{Handler: x.handler(to), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(x.served)
		x.srv.Serve(l) //nolint:errcheck // ends with close
	}()
	return x, nil
}

func (x *proxy) close() {
	x.srv.Close()
	<-x.served
}

// handler passes requests on. The host stays as it was, since it is signed.
func (x *proxy) handler(to *url.URL) http.Handler {
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
		},
		ErrorLog:     log.New(io.Discard, "", 0), // connections of the dead break
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		when, mine := x.turn(r.Method)
		if mine && when == before {
			x.kill()
		}
		if x.wasKilled() {
			panic(http.ErrAbortHandler) // nothing of a dead process is passed on
		}
		if !mine || when == after {
			forward.ServeHTTP(w, r)
			if mine {
				x.killAfter(w)
			}
			return
		}
		held := *forward
		held.ModifyResponse = func(*http.Response) error {
			x.kill()
			return errors.New("the answer is not passed on")
		}
		held.ServeHTTP(w, r)
	})
}

// turn counts a request and tells whether it is the one.
func (x *proxy) turn(method string) (when string, mine bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.point.at == atChange && method == http.MethodGet {
		return "", false
	}
	x.requests++
	return x.point.when, x.requests == x.point.n
}

// killAfter kills once the answer is on its way. The moment lets the process
// begin to work with it: an answer that nobody has read is what "between" is.
func (x *proxy) killAfter(w http.ResponseWriter) {
	http.NewResponseController(w).Flush() //nolint:errcheck // the process may be gone
	time.Sleep(time.Millisecond)
	x.kill()
}

func (x *proxy) kill() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.killed = true
	x.cmd.Process.Kill() //nolint:errcheck // it may have ended
}

func (x *proxy) wasKilled() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.killed
}

// hold lets requests wait until the process is known.
func (x *proxy) hold() (known func()) {
	x.mu.Lock()
	return x.mu.Unlock
}

// run starts the command and waits for its end.
func (x *proxy) run() error {
	known := x.hold()
	err := x.cmd.Start()
	known()
	if err != nil {
		return err
	}
	err = x.cmd.Wait()
	if x.wasKilled() {
		return nil
	}
	return err
}
