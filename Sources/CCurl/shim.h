#pragma once
#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call: one shim for each type of argument.

static inline CURLcode evenkeel_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode evenkeel_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode evenkeel_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode evenkeel_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*evenkeel_curl_data)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode evenkeel_curl_set_callback(CURL *handle, CURLoption option, evenkeel_curl_data callback) {
    return curl_easy_setopt(handle, option, callback);
}

static inline CURLcode evenkeel_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

// CURLMsg keeps the result of a transfer in a union.
static inline CURLcode evenkeel_curl_result(const CURLMsg *message) {
    return message->data.result;
}

typedef int (*evenkeel_curl_progress)(
    void *context, curl_off_t toDownload, curl_off_t downloaded, curl_off_t toUpload, curl_off_t uploaded);

static inline CURLcode evenkeel_curl_set_progress(CURL *handle, CURLoption option, evenkeel_curl_progress callback) {
    return curl_easy_setopt(handle, option, callback);
}
