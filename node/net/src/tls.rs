//! All construction of TLS and QUIC: the one file that a new major version of rustls or quinn changes.
//!
//! TLS 1.3 alone, raw Ed25519 keys on both sides (RFC 7250), one ALPN, no tickets, no early data, no key log.

use std::fmt;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, RwLock};

use cwg_protocol::TransportKey;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{EndpointConfig, TransportConfig, VarInt};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, PeerMisbehaved,
    SignatureAlgorithm, SignatureScheme,
};

use crate::limits::{
    Congestion, INCOMING_BUFFER_LEN, INCOMING_BUFFER_TOTAL_LEN, INCOMING_MAX, Limits, SOCKET_BUFFER_LEN,
};
use crate::reset::RandomIds;
use crate::{Allow, TransportIdentity, close_code, spki};

/// What is spoken on the connection (RFC 7301). Peers that name another do not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpn {
    /// The network: `cwg/1`.
    Cwg1,
    /// A bare intersection without a network: `psi/1`.
    Psi1,
}

impl Alpn {
    pub(crate) fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Cwg1 => b"cwg/1",
            Self::Psi1 => b"psi/1",
        }
    }
}

/// Whether a peer without post-quantum key exchange may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pq {
    /// X25519MLKEM768 alone.
    Required,
    /// X25519MLKEM768, and X25519 for a peer that has nothing else.
    Preferred,
}

/// The label of the exported keying material (RFC 8446 §7.5); its context is the ALPN.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-cwg-transport";

/// The name a TLS client must hold. It is never sent, and nobody trusts it.
pub(crate) const UNSENT_NAME: &str = "cwg.invalid";

/// The side of the listener.
pub(crate) fn listener_config(
    identity: &TransportIdentity,
    allow: Arc<RwLock<Allow>>,
    alpn: Alpn,
    pq: Pq,
    limits: &Limits,
) -> quinn::ServerConfig {
    let mut tls = rustls::ServerConfig::builder_with_provider(provider(pq))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has the suites and groups of TLS 1.3")
        .with_client_cert_verifier(Arc::new(AllowedDialer { allow }))
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(certified_key(identity))));
    tls.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    // A revoked key must not come back by a ticket: none are issued, and none would be found.
    tls.session_storage = Arc::new(NoServerSessionStorage {});
    tls.send_tls13_tickets = 0;
    tls.max_early_data_size = 0;
    let crypto = QuicServerConfig::try_from(tls).expect("the provider has AES-128-GCM, which protects Initial packets");

    let mut config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let mut transport = transport_config(limits);
    transport.max_concurrent_bidi_streams(VarInt::from_u32(1));
    config.transport_config(Arc::new(transport));
    config.migration(false);
    config.max_incoming(INCOMING_MAX);
    config.incoming_buffer_size(INCOMING_BUFFER_LEN);
    config.incoming_buffer_size_total(INCOMING_BUFFER_TOTAL_LEN);
    // Address tokens for later connections would let a stranger skip Retry with one that leaked.
    let mut no_tokens = quinn::ValidationTokenConfig::default();
    no_tokens.sent(0);
    config.validation_token_config(no_tokens);
    config
}

/// The side of a dialer that expects one key.
pub(crate) fn dialer_config(
    identity: &TransportIdentity,
    expected: TransportKey,
    alpn: Alpn,
    pq: Pq,
    limits: &Limits,
) -> quinn::ClientConfig {
    dialer_quic(dialer_tls(identity, expected, alpn, provider(pq)), limits)
}

fn dialer_tls(
    identity: &TransportIdentity,
    expected: TransportKey,
    alpn: Alpn,
    provider: Arc<CryptoProvider>,
) -> rustls::ClientConfig {
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has the suites and groups of TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ExpectedListener { expected }))
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(certified_key(identity))));
    tls.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    tls.resumption = Resumption::disabled();
    tls.enable_early_data = false;
    tls.enable_sni = false;
    tls
}

fn dialer_quic(tls: rustls::ClientConfig, limits: &Limits) -> quinn::ClientConfig {
    let crypto = QuicClientConfig::try_from(tls).expect("the provider has AES-128-GCM, which protects Initial packets");

    let mut config = quinn::ClientConfig::new(Arc::new(crypto));
    let mut transport = transport_config(limits);
    transport.max_concurrent_bidi_streams(VarInt::from_u32(0));
    config.transport_config(Arc::new(transport));
    config.token_store(Arc::new(quinn::NoneTokenStore));
    config
}

/// An endpoint on this address, for dialing.
pub(crate) fn dialer(address: SocketAddr, limits: &Limits) -> std::io::Result<quinn::Endpoint> {
    endpoint(address, EndpointConfig::default(), None, limits)
}

/// An endpoint on this address that listens, and resets what its earlier processes left.
pub(crate) fn listener(
    address: SocketAddr,
    identity: &TransportIdentity,
    config: quinn::ServerConfig,
    limits: &Limits,
) -> std::io::Result<quinn::Endpoint> {
    let mut endpoint_config = EndpointConfig::new(identity.reset());
    let random = aws_lc_rs::default_provider().secure_random;
    endpoint_config.cid_generator(move || Box::new(RandomIds(random)));
    endpoint(address, endpoint_config, Some(config), limits)
}

fn endpoint(
    address: SocketAddr,
    mut endpoint: EndpointConfig,
    config: Option<quinn::ServerConfig>,
    limits: &Limits,
) -> std::io::Result<quinn::Endpoint> {
    endpoint.max_udp_payload_size(limits.mtu_max.max(1472)).map_err(std::io::Error::other)?;
    quinn::Endpoint::new(endpoint, config, socket(address)?, Arc::new(quinn::TokioRuntime))
}

/// Exported keying material of the session, equal on both ends.
pub(crate) fn exporter(connection: &quinn::Connection, alpn: Alpn) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    connection.export_keying_material(&mut bytes, EXPORTER_LABEL, alpn.as_bytes()).ok()?;
    Some(bytes)
}

/// The key that the other end proved.
pub(crate) fn proven_key(connection: &quinn::Connection) -> Option<TransportKey> {
    let presented = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    match presented.as_slice() {
        [only] => spki::decode(only).ok(),
        _ => None,
    }
}

/// What became of an attempt to connect, where it did not become a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// For good: a key, a protocol or a group that does not fit.
    Final,
    /// For now: the listener is full.
    Busy,
    /// Nothing was heard, or not to the end.
    Silent,
}

/// Reads the error of an attempt.
pub(crate) fn refusal(error: &quinn::ConnectionError) -> Refusal {
    use quinn::ConnectionError as E;
    match error {
        E::ConnectionClosed(close) if close.error_code == quinn::TransportErrorCode::CONNECTION_REFUSED => {
            Refusal::Busy
        }
        E::ApplicationClosed(close) => match u32::try_from(close.error_code.into_inner()) {
            Ok(close_code::BUSY) => Refusal::Busy,
            // It goes, or heard us too late: nothing was said about us.
            Ok(close_code::SHUTDOWN | close_code::HANDSHAKE_TOO_SLOW) => Refusal::Silent,
            _ => Refusal::Final,
        },
        E::ConnectionClosed(_) | E::TransportError(_) | E::VersionMismatch => Refusal::Final,
        E::TimedOut | E::Reset | E::LocallyClosed | E::CidsExhausted => Refusal::Silent,
    }
}

fn transport_config(limits: &Limits) -> TransportConfig {
    let mut transport = TransportConfig::default();
    let window = VarInt::from_u32(limits.receive_window_len);
    let idle = u32::try_from(limits.idle.as_millis()).map_or(VarInt::MAX, VarInt::from_u32);
    transport
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(window)
        .receive_window(window)
        .send_window(u64::from(limits.send_window_len))
        .max_idle_timeout(Some(idle.into()))
        .keep_alive_interval(Some(limits.keep_alive))
        .datagram_receive_buffer_size(None)
        .datagram_send_buffer_size(0)
        // The spin bit shows the round trip to anybody on the path.
        .allow_spin(false)
        .enable_segmentation_offload(true);
    let mut discovery = quinn::MtuDiscoveryConfig::default();
    discovery.upper_bound(limits.mtu_max);
    transport.mtu_discovery_config(Some(discovery));
    match limits.congestion {
        Congestion::Cubic => {
            transport.congestion_controller_factory(Arc::new(quinn::congestion::CubicConfig::default()));
        }
        Congestion::Bbr => {
            transport.congestion_controller_factory(Arc::new(quinn::congestion::BbrConfig::default()));
        }
    }
    transport
}

fn socket(address: SocketAddr) -> std::io::Result<UdpSocket> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    // The kernel may grant less than asked: slower under load, and no reason to stop.
    for granted in [socket.set_recv_buffer_size(SOCKET_BUFFER_LEN), socket.set_send_buffer_size(SOCKET_BUFFER_LEN)] {
        if let Err(error) = granted {
            tracing::debug!(kind = ?error.kind(), "socket buffer");
        }
    }
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Draws once from the generator of the TLS library, which measures the jitter of the machine before its first draw:
/// some 40 ms of the processor, which no handshake then waits for.
pub(crate) fn seed_generator() {
    // A failure shows itself, as a failed handshake, when something is drawn that is used.
    let _ = aws_lc_rs::default_provider().secure_random.fill(&mut [0]);
}

fn provider(pq: Pq) -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = match pq {
        Pq::Required => vec![aws_lc_rs::kx_group::X25519MLKEM768],
        Pq::Preferred => vec![aws_lc_rs::kx_group::X25519MLKEM768, aws_lc_rs::kx_group::X25519],
    };
    Arc::new(provider)
}

fn certified_key(identity: &TransportIdentity) -> Arc<CertifiedKey> {
    let spki = CertificateDer::from(spki::encode(&identity.key()).to_vec());
    Arc::new(CertifiedKey::new(vec![spki], Arc::new(RawKey(identity.clone()))))
}

/// Signs handshakes with the transport key.
#[derive(Clone, Debug)]
struct RawKey(TransportIdentity);

impl SigningKey for RawKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SignatureScheme::ED25519).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(SubjectPublicKeyInfoDer::from(spki::encode(&self.0.key()).to_vec()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for RawKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.sign(message))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// The one raw key that a peer presented.
fn presented_key(spki: &CertificateDer<'_>, more: &[CertificateDer<'_>]) -> Result<TransportKey, Error> {
    if !more.is_empty() {
        // RFC 7250 §3: a raw public key comes alone.
        return Err(CertificateError::BadEncoding.into());
    }
    spki::decode(spki).map_err(|_| CertificateError::BadEncoding.into())
}

fn verify_signature(
    message: &[u8],
    spki: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    if signed.scheme != SignatureScheme::ED25519 {
        return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
    }
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
    let spki = SubjectPublicKeyInfoDer::from(spki.as_ref());
    rustls::crypto::verify_tls13_signature_with_raw_key(message, &spki, signed, &algorithms)
}

fn no_tls12() -> Result<HandshakeSignatureValid, Error> {
    Err(PeerIncompatible::Tls13RequiredForQuic.into())
}

/// The listener's judgement of a dialer: its key is in the set that is current at this moment.
struct AllowedDialer {
    allow: Arc<RwLock<Allow>>,
}

impl fmt::Debug for AllowedDialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AllowedDialer(..)")
    }
}

impl ClientCertVerifier for AllowedDialer {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        spki: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let key = presented_key(spki, more)?;
        let allowed = self.allow.read().expect("no code panics while it holds this lock").contains(&key);
        if !allowed {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _spki: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        spki: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(message, spki, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// The dialer's judgement of a listener: it has the one key that was dialed.
struct ExpectedListener {
    expected: TransportKey,
}

impl fmt::Debug for ExpectedListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExpectedListener(..)")
    }
}

impl ServerCertVerifier for ExpectedListener {
    fn verify_server_cert(
        &self,
        spki: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if presented_key(spki, more)? != self.expected {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _spki: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        spki: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(message, spki, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// Dialers that a well-behaved node is not, for the tests of the listener.
#[cfg(test)]
pub(crate) mod odd {
    use super::*;

    /// Without post-quantum key exchange.
    pub(crate) fn classical(identity: &TransportIdentity, expected: TransportKey) -> quinn::ClientConfig {
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519];
        dialer_quic(dialer_tls(identity, expected, Alpn::Cwg1, Arc::new(provider)), &Limits::default())
    }

    /// Without a key of its own.
    pub(crate) fn keyless(expected: TransportKey) -> quinn::ClientConfig {
        let mut tls = rustls::ClientConfig::builder_with_provider(provider(Pq::Required))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("the provider has TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(ExpectedListener { expected }))
            .with_no_client_auth();
        tls.alpn_protocols = vec![Alpn::Cwg1.as_bytes().to_vec()];
        dialer_quic(tls, &Limits::default())
    }

    /// With the key of one and the signature of another.
    pub(crate) fn borrowed(
        identity: &TransportIdentity,
        claimed: TransportKey,
        expected: TransportKey,
    ) -> quinn::ClientConfig {
        let mut tls = dialer_tls(identity, expected, Alpn::Cwg1, provider(Pq::Required));
        let spki = CertificateDer::from(spki::encode(&claimed).to_vec());
        let key = CertifiedKey::new(vec![spki], Arc::new(RawKey(identity.clone())));
        tls.client_auth_cert_resolver = Arc::new(AlwaysResolvesClientRawPublicKeys::new(Arc::new(key)));
        dialer_quic(tls, &Limits::default())
    }

    /// Who would resume and send early data if it could; with the store that must stay empty.
    pub(crate) fn eager(
        identity: &TransportIdentity,
        expected: TransportKey,
    ) -> (quinn::ClientConfig, Arc<rustls::client::ClientSessionMemoryCache>) {
        let store = Arc::new(rustls::client::ClientSessionMemoryCache::new(16));
        let mut tls = dialer_tls(identity, expected, Alpn::Cwg1, provider(Pq::Required));
        tls.resumption = Resumption::store(Arc::clone(&store) as Arc<dyn rustls::client::ClientSessionStore>);
        tls.enable_early_data = true;
        (dialer_quic(tls, &Limits::default()), store)
    }

    /// Whether the store holds a ticket for the name that dialers use.
    pub(crate) fn holds_ticket(store: &rustls::client::ClientSessionMemoryCache) -> bool {
        use rustls::client::ClientSessionStore as _;
        store.take_tls13_ticket(&ServerName::try_from(UNSENT_NAME).expect("a name")).is_some()
    }
}
