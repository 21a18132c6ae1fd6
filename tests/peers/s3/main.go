// Command s3 is a bucket that unpacks CAR files, for the tests of namesys: gofakes3 (rclone's, which
// checks signatures of version 4) keeps the objects, go-car reads the files, and the root is said in
// x-amz-meta-cid as Filebase says it.
//
//	s3 BUCKET KEY-ID SECRET [CERT KEY]   {"url"} first, until stdin ends
//
// With a certificate it also serves the objects to anybody, as a website: {"url","web"}.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/ipld/go-car/v2"
	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "s3:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 && len(args) != 5 {
		return errors.New("expected BUCKET KEY-ID SECRET [CERT KEY]")
	}
	store := s3mem.New()
	if err := store.CreateBucket(context.Background(), args[0]); err != nil {
		return err
	}
	keys := gofakes3.WithV4Auth(map[string]string{args[1]: args[2]})
	faker := gofakes3.New(store, keys)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	ready := map[string]string{"url": "http://" + listener.Addr().String()}
	if len(args) == 5 {
		if ready["web"], err = website(store, args[0], args[3], args[4]); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	return http.Serve(listener, &importer{
		objects: faker.Server(),
		holds:   func(r *http.Request) bool { return conditionHolds(store, args[0], r) },
		roots:   map[string]string{},
	})
}

// importer reads what is put with x-amz-meta-import: car, and remembers its root.
type importer struct {
	objects http.Handler
	holds   func(*http.Request) bool
	lock    sync.Mutex
	roots   map[string]string // by path
}

func (i *importer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.lock.Lock()
	defer i.lock.Unlock()
	if !i.holds(r) {
		http.Error(w, "PreconditionFailed", http.StatusPreconditionFailed)
		return
	}
	if r.Method == http.MethodPut && r.Header.Get("x-amz-meta-import") == "car" {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		root, err := unpack(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		known := &withRoot{ResponseWriter: w, root: root}
		known.serve(i.objects, r)
		if known.ok {
			i.roots[r.URL.Path] = root
		}
		return
	}
	known := &withRoot{ResponseWriter: w, root: i.roots[r.URL.Path]}
	known.serve(i.objects, r)
}

// unpack checks every block against its CID, and gives the one root.
func unpack(body []byte) (string, error) {
	blocks, err := car.NewBlockReader(bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	if len(blocks.Roots) != 1 {
		return "", fmt.Errorf("%d roots", len(blocks.Roots))
	}
	found := false
	for {
		block, err := blocks.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return "", err
		}
		found = found || block.Cid() == blocks.Roots[0]
	}
	if !found {
		return "", errors.New("the root's block is missing")
	}
	return blocks.Roots[0].String(), nil
}

// withRoot names the root in answers that are a success.
type withRoot struct {
	http.ResponseWriter
	root string
	ok   bool
	done bool
}

func (w *withRoot) serve(handler http.Handler, r *http.Request) {
	handler.ServeHTTP(w, r)
	if !w.done {
		w.WriteHeader(http.StatusOK)
	}
}

func (w *withRoot) WriteHeader(status int) {
	w.done, w.ok = true, status == http.StatusOK
	if w.ok && w.root != "" {
		w.Header().Set("x-amz-meta-cid", w.root)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *withRoot) Write(bytes []byte) (int, error) {
	if !w.done {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(bytes)
}
