import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Client COUNT HOST PORT: so many requests at once with HttpClient. Client HOST PORT: a Socket, with a time-out of a second. */
public class Client {
    public static void main(String[] words) throws Exception {
        if (words.length == 2) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(words[0], Integer.parseInt(words[1])), 1000);
                System.out.println("connected");
            } catch (java.io.IOException error) {
                System.out.println(error);
            }
            return;
        }
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + words[1] + ":" + words[2] + "/hello")).build();
        Map<String, Integer> results = new TreeMap<>();
        List<CompletableFuture<String>> replies = IntStream.range(0, Integer.parseInt(words[0]))
            .mapToObj(i -> client.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                .handle((reply, error) -> error == null ? reply.body().trim() : error.toString()))
            .collect(Collectors.toList());

        for (CompletableFuture<String> reply : replies)
            results.merge(reply.get(), 1, Integer::sum);
        results.forEach((result, times) -> System.out.println(times + " " + result));
        System.exit(0);
    }
}
