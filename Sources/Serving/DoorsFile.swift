package import Primitives
package import Settings
import Synchronization
package import Web
import WebConfiguration

/// The file of a service's doors, `--web.config.file`.
package enum DoorsFile {
    /// The doors that the file describes; it is read again when it or what it names changes.
    ///
    /// - Parameter place: where the file is named, by the setting `name`.
    package static func entrance(_ file: String, _ place: SettingsTree, _ name: String, _ logger: Logger) throws(Failure) -> Entrance {
        // Said again only when they have changed: files are read at every reload.
        let said = Mutex<[String]>([])
        return try Entrance(logger: logger) { () throws(Failure) in
            let web: WebConfiguration
            do throws(Failure) {
                web = try WebConfiguration(file: file)
            } catch {
                // What is wrong in the file names it; that it is not there is about who named it.
                guard error.message.hasPrefix("cannot read \(file)") else { throw error }
                throw place.failure(of: name, error.message)
            }
            let isNews = said.withLock { said in
                defer { said = web.warnings }
                return said != web.warnings
            }
            if isNews { for warning in web.warnings { logger.warn(warning) } }
            return Entrance.Reading(web.doors, files: [file])
        }
    }
}
