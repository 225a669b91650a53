use super::stage::{Stage, alone};
use crate::Config;

/// Settings with a UDP door at any port.
fn open() -> Config {
    // A port that is free now.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    Config { webrtc_direct_port: socket.local_addr().unwrap().port(), ..alone() }
}

#[cfg(feature = "webrtc-direct")]
pub(crate) use built::dialling;

#[cfg(feature = "webrtc-direct")]
mod built {
    use kinora_model::video::Privacy;
    use libp2p::core::muxing::StreamMuxerBox;
    use libp2p::core::transport::Boxed;
    use libp2p::identity::Keypair;
    use libp2p::{Multiaddr, PeerId, Transport as _};
    use libp2p_webrtc::tokio::{Certificate, Transport};

    use super::super::browser::Browser;
    use super::super::tracking::{told, watching};
    use super::*;
    use crate::Error;

    /// What a browser dials by.
    pub(crate) fn dialling(keypair: &Keypair) -> Boxed<(PeerId, StreamMuxerBox)> {
        let certificate = Certificate::generate(&mut rand::rng()).unwrap();
        Transport::new(keypair.clone(), certificate)
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
            .boxed()
    }

    /// Where browsers come in by UDP.
    fn udp(stage: &Stage) -> Multiaddr {
        let addresses = stage.peers.addresses();
        let direct = addresses.iter().filter(|it| it.contains("/webrtc-direct/"));
        let direct: Vec<&String> = direct.collect();
        assert_eq!((direct.len(), addresses.len()), (1, 2), "{addresses:?}");
        direct[0].parse().unwrap()
    }

    #[tokio::test]
    async fn browsers_that_come_by_udp_meet_those_that_come_by_websocket() {
        let stage = Stage::at("http://127.0.0.1:9", open()).await;
        let (video, swarm) = stage.video(Privacy::Public).await;
        let mut one = Browser::at(&stage.address()).await;
        assert_eq!(told(one.ask(watching(video, swarm)).await.unwrap()), (vec![], 1));
        let address = udp(&stage);
        let mut other = Browser::at(&address).await;
        let expected = (vec![one.id()], 2);
        assert_eq!(told(other.ask(watching(video, swarm)).await.unwrap()), expected);
        assert!(other.reserve(&address).await);
        stage.workers.stop().await;
    }

    #[tokio::test]
    async fn the_certificate_stays_and_one_that_is_spoilt_is_an_error() {
        let config = open();
        let stage = Stage::at("http://127.0.0.1:9", config.clone()).await;
        let first = udp(&stage);
        let stage = stage.again(config.clone()).await.unwrap();
        assert_eq!(udp(&stage), first);
        std::fs::write(stage.folder.path().join("webrtc.pem"), b"no certificate").unwrap();
        let refused = stage.again(config).await.err().unwrap();
        assert!(matches!(refused, Error::Identity { .. }), "{refused}");
    }
}

#[cfg(not(feature = "webrtc-direct"))]
#[tokio::test]
async fn a_program_without_it_says_so() {
    let stage = Stage::with(alone()).await;
    let refused = stage.again(open()).await.err().unwrap();
    assert!(refused.to_string().contains("built with the feature webrtc-direct"), "{refused}");
}
