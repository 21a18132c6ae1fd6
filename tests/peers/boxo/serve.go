package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/ipfs/boxo/blockservice"
	"github.com/ipfs/boxo/blockstore"
	"github.com/ipfs/boxo/exchange/offline"
	"github.com/ipfs/boxo/gateway"
	"github.com/ipfs/boxo/namesys"
	"github.com/ipfs/boxo/routing/http/server"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipld/go-car/v2"
)

// serve runs boxo's gateway over the blocks of the CARs, and its delegated
// routing server; what is put into the latter, the former resolves. It prints
// {"url"} once it listens and ends when stdin does.
func serve(ctx context.Context, cars []string) error {
	store, known := newBlockstore(), newRecords()
	for _, file := range cars {
		if err := load(ctx, store, file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	names, err := namesys.NewNameSystem(known)
	if err != nil {
		return err
	}
	backend, err := gateway.NewBlocksBackend(
		blockservice.New(store, offline.Exchange(store)),
		gateway.WithValueStore(known), gateway.WithNameSystem(names),
	)
	if err != nil {
		return err
	}
	content := gateway.NewHandler(gateway.Config{DeserializedResponses: true, NoDNSLink: true, DisableHTMLErrors: true}, backend)
	mux := http.NewServeMux()
	mux.Handle("/ipfs/", content)
	mux.Handle("/ipns/", content)
	mux.Handle("/routing/v1/", server.Handler(known))

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"url": "http://" + listener.Addr().String()}); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = listener.Close()
	}()
	if err := http.Serve(listener, mux); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// load puts every block of a CAR into the store; go-car checks its hash.
func load(ctx context.Context, store blockstore.Blockstore, file string) error {
	input, err := os.Open(file)
	if err != nil {
		return err
	}
	defer input.Close()
	reader, err := car.NewBlockReader(input)
	if err != nil {
		return err
	}
	for {
		block, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := store.Put(ctx, blocks.Block(block)); err != nil {
			return err
		}
	}
}
