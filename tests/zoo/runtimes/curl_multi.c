#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **words)
{
    char url[300];
    CURLM *all = curl_multi_init();
    CURL *one = curl_easy_init();
    CURLMsg *message;
    int running = 1, left;
    (void)count;
    snprintf(url, sizeof url, "http://%s:%s/", words[1], words[2]);
    curl_easy_setopt(one, CURLOPT_URL, url);
    curl_easy_setopt(one, CURLOPT_HTTP09_ALLOWED, 1L);
    curl_easy_setopt(one, CURLOPT_CONNECTTIMEOUT, atol(words[3]));
    curl_multi_add_handle(all, one);
    while (running && !curl_multi_perform(all, &running))
        curl_multi_poll(all, NULL, 0, 100, NULL);
    if ((message = curl_multi_info_read(all, &left)))
        puts(curl_easy_strerror(message->data.result));
    return 0;
}
