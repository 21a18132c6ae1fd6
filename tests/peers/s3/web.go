package main

import (
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/rclone/gofakes3"
)

// website serves the objects of a bucket to anybody, over TLS, as a bucket's website does; CORS
// headers only to who asks from elsewhere.
func website(store gofakes3.Backend, bucket, cert, key string) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	serve := func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/")
		object, err := store.GetObject(r.Context(), bucket, path, nil)
		if err != nil {
			http.Error(w, "no such object", http.StatusNotFound)
			return
		}
		defer object.Contents.Close()
		for _, name := range []string{"Content-Type", "Cache-Control"} {
			if value := object.Metadata[name]; value != "" {
				w.Header().Set(name, value)
			}
		}
		if r.Header.Get("Origin") != "" {
			w.Header().Set("Access-Control-Allow-Origin", "*")
		}
		w.Header().Set("ETag", etag(object.Hash))
		_, _ = io.Copy(w, object.Contents)
	}
	go func() { _ = http.ServeTLS(listener, http.HandlerFunc(serve), cert, key) }()
	return "https://" + listener.Addr().String(), nil
}

func etag(hash []byte) string {
	return `"` + hex.EncodeToString(hash) + `"`
}

// conditionHolds is what AWS checks of a PUT, and gofakes3 does not.
func conditionHolds(store gofakes3.Backend, bucket string, r *http.Request) bool {
	match, noneMatch := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	if r.Method != http.MethodPut || (match == "" && noneMatch == "") {
		return true
	}
	path := strings.TrimPrefix(r.URL.Path, "/"+bucket+"/")
	object, err := store.GetObject(context.Background(), bucket, path, nil)
	if err != nil {
		return match == ""
	}
	defer object.Contents.Close()
	return noneMatch == "" && match == etag(object.Hash)
}
