// QuestDB's Java client, driven by tests/program/official_clients_test.py (which says how).
import io.questdb.client.Sender;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.temporal.ChronoUnit;

public class Client {
    static long second(long n) {
        return (1_700_000_000L + n) * 1_000_000_000L;
    }

    static void sendTypes(Sender sender, String table, String version) {
        sender.table(table).symbol("host", "a").symbol("region", "eu west,1=x")
            .longColumn("count", -9223372036854775807L).doubleColumn("price", 0.1).boolColumn("ok", true)
            .stringColumn("note", "plain").timestampColumn("seen", 1_700_000_000_123_456L, ChronoUnit.MICROS);
        if (!version.equals("1")) {
            sender.doubleArray("array", new double[][] {{1.5, 2.5}, {3.5, 4.5}});
        }
        sender.at(second(0), ChronoUnit.NANOS);
        // Over HTTP this client makes question marks of what is beyond U+FFFF.
        sender.table(table).symbol("host", "\u00e4\u4f60")
            .longColumn("count", 9223372036854775807L).doubleColumn("price", -1e300).boolColumn("ok", false)
            .stringColumn("note", "h\u00e9 \"quoted\" back\\slash\nline ").timestampColumn("seen", 1L, ChronoUnit.MICROS)
            .at(second(1), ChronoUnit.NANOS);
        sender.table(table).doubleColumn("price", 3.0).stringColumn("note", "").at(second(2), ChronoUnit.NANOS);
        sender.flush();
    }

    static void run(Sender sender, String[] words) {
        switch (words[0]) {
            case "types" -> sendTypes(sender, words[1], words[2]);
            case "row" -> {
                long n = Long.parseLong(words[2]);
                sender.table(words[1]).longColumn("n", n).at(second(n), ChronoUnit.NANOS);
                sender.flush();
            }
            case "text" -> {
                sender.table(words[1]).stringColumn("n", "text").at(second(0), ChronoUnit.NANOS);
                sender.flush();
            }
            case "decimal" -> {
                sender.table(words[1]).decimalColumn("amount", "-123.456").at(second(0), ChronoUnit.NANOS);
                sender.flush();
            }
            default -> throw new IllegalArgumentException("unknown command " + words[0]);
        }
    }

    static void close(Sender sender) {
        try {
            sender.close();  // sends once more what it could not send
        } catch (RuntimeException ignored) {
        }
    }

    public static void main(String[] arguments) throws Exception {
        Sender sender = null;
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = lines.readLine()) != null;) {
            try {
                if (sender == null) {
                    sender = Sender.fromConfig(arguments[0]);
                }
                run(sender, line.split(" "));
                System.out.println("ok");
            } catch (RuntimeException error) {
                System.out.println("error: " + String.valueOf(error.getMessage()).replaceAll("\\s+", " "));
                if (sender != null) {
                    sender.reset();
                    close(sender);
                }
                sender = null;
            }
        }
        if (sender != null) {
            sender.close();
        }
    }
}
