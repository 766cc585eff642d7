import Primitives
import Web

/// `GET /`: what this is, where its pages are, and how the last scrape went.
struct LandingPage: Sendable {
    let version: Version
    /// `exporter`, `discovery`
    var title = "exporter"
    /// False when there is nothing to scrape, only pages.
    var hasCollectors = true
    /// Pages beside the service's own: path and title.
    var links: [(path: String, title: String)] = []

    /// - Parameter shares: of the last scrape; none before the first.
    func response(_ shares: [ScrapeResult.Share]) -> HTTPServerResponse {
        var rows = ""
        for share in shares {
            let isComplete = share.isSuccess && share.dropped.isEmpty
            // A host without ZFS, say: nothing is missing, and nothing is there either.
            let state =
                !isComplete
                ? "<td class=bad>incomplete</td>"
                : share.sampleCount == 0 ? "<td>nothing found</td>" : "<td class=good>complete</td>"
            rows += "<tr><td>\(escaped(share.collector))</td>\(state)<td>\(share.sampleCount)</td><td>"
            let problems = share.problems.prefix(20).map { $0.part.isEmpty ? $0.message : "\($0.part): \($0.message)" }
            rows += (problems + [share.dropNotice].compactMap { $0 }).map(escaped).joined(separator: "<br>")
            rows += "</td></tr>\n"
        }
        let scrape =
            rows.isEmpty
            ? "<p>\(hasCollectors ? "Nothing has been scraped yet." : "No source is configured for /metrics.")</p>"
            : "<table><tr><th>Collector</th><th>Result</th><th>Samples</th><th>What is missing</th></tr>\n\(rows)</table>"
        let more = links.map { "<a href=\"\(escaped($0.path))\">\(escaped($0.title))</a> &middot; " }.joined()
        let page = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>martlet \(title)</title>
            <link rel="icon" href="data:,">
            <style>
            :root { color-scheme: light dark; }
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
            h1 { font-size: 1.6rem; margin-bottom: 0; }
            .version { color: #666; margin-top: 0; }
            table { border-collapse: collapse; width: 100%; }
            th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #8884; }
            td:last-child { overflow-wrap: anywhere; }
            .good { color: #197741; } .bad { color: #b3261e; font-weight: 600; }
            @media (max-width: 40rem) { tr { display: block; border-bottom: 1px solid #8884; padding: .35rem 0; } th { display: none; }
            td { display: inline-block; border: 0; padding: 0 .75rem 0 0; } td:last-child { display: block; } }
            @media (prefers-color-scheme: dark) { .version { color: #aaa; } .good { color: #6fd396; } .bad { color: #ff8a80; } }
            </style>
            </head>
            <body>
            <h1>martlet \(title)</h1>
            <p class="version">\(escaped(version.line))</p>
            <p><a href="/metrics">Metrics</a> &middot; \(more)<a href="/health">Health</a> &middot; <a href="/ready">Readiness</a></p>
            \(scrape)
            </body>
            </html>

            """
        return HTTPServerResponse(contentType: "text/html; charset=utf-8", text: page)
    }

    private func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
