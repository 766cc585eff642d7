package import ObjectStore
package import Primitives

/// Why a reconcile has failed, and when it is to be tried again.
package struct ReconcileError: Error, Sendable, CustomStringConvertible {
    package enum Retry: Sendable, Hashable {
        /// Soon, and later each time.
        case later
        /// At once: somebody else has changed the object, and it is only to be read again. No error to a person.
        case atOnce
        /// Not before something has changed.
        case never
    }

    package let retry: Retry
    /// One line for a person, without a secret.
    package let message: String

    package init(_ message: String, retry: Retry = .later) {
        self.retry = retry
        self.message = Failure(.unavailable, message).message
    }

    package init(_ error: StoreError) { self.init(error.message, retry: error.reason == .conflict ? .atOnce : .later) }

    package init(_ failure: Failure) { self.init(failure.description) }

    /// Trying again would give the same until something has changed.
    package static func terminal(_ message: String) -> ReconcileError { ReconcileError(message, retry: .never) }

    package var description: String { message }
}

/// Asks a store, and says what it throws as an error of a reconcile.
package func asking<Value: Sendable>(
    _ body: () async throws(StoreError) -> Value
) async throws(ReconcileError) -> Value {
    do throws(StoreError) {
        return try await body()
    } catch {
        throw ReconcileError(error)
    }
}
