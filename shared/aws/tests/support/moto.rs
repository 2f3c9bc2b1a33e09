//! moto's server, for one test: <https://docs.getmoto.org/en/latest/docs/server_mode.html>.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType,
};
use towpath_core::release::Writer;
use towpath_moto::Fork;

/// The ledger's table.
const TABLE: &str = "towpath";

/// A running server, ended with the test.
pub struct Moto {
    pub url: String,
    _server: Fork,
}

impl Moto {
    /// Starts a server and creates the ledger's table `towpath` in it.
    pub async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port on loopback")
            .port();
        let warm = towpath_moto::warm().expect("a warm moto");
        let log = Path::new("/dev/null");
        let server = Fork::of(&warm.socket, port, log).expect("a server of its own");
        let moto = Self {
            url: format!("http://127.0.0.1:{port}"),
            _server: server,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "moto does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        create_table(&moto.client()).await;
        for writer in Writer::ALL {
            moto.new_seal_key(writer).await;
        }
        moto
    }

    /// A plain client, to look behind the ledger's back.
    pub fn client(&self) -> Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&self.url)
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("AKIDTEST", "secret", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Client::from_conf(config)
    }
}

impl Moto {
    /// Gives a kind of writer a new key for its seals.
    pub async fn new_seal_key(&self, writer: Writer) {
        let config = aws_sdk_ssm::Config::builder()
            .behavior_version(aws_sdk_ssm::config::BehaviorVersion::latest())
            .endpoint_url(&self.url)
            .region(aws_sdk_ssm::config::Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("AKIDTEST", "secret", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let value = format!("{:?} {writer:-<40}", Instant::now());
        aws_sdk_ssm::Client::from_conf(config)
            .put_parameter()
            .name(format!("/towpath/seals/{writer}"))
            .value(value)
            .r#type(aws_sdk_ssm::types::ParameterType::SecureString)
            .overwrite(true)
            .send()
            .await
            .expect("the key");
    }

    /// Sets an attribute behind the ledger's back.
    pub async fn set(&self, key: &str, sort: &str, attribute: &str, value: AttributeValue) {
        self.update(key, sort, "SET #a = :v", attribute)
            .expression_attribute_values(":v", value)
            .send()
            .await
            .expect("the change");
    }

    /// Removes an attribute behind the ledger's back.
    pub async fn remove(&self, key: &str, sort: &str, attribute: &str) {
        self.update(key, sort, "REMOVE #a", attribute)
            .send()
            .await
            .expect("the change");
    }

    /// Deletes an item behind the ledger's back.
    pub async fn delete(&self, key: &str, sort: &str) {
        self.client()
            .delete_item()
            .table_name(TABLE)
            .key("pk", text(key))
            .key("sk", text(sort))
            .send()
            .await
            .expect("the deletion");
    }

    /// The text of an attribute, if the item has it.
    pub async fn text_of(&self, key: &str, sort: &str, attribute: &str) -> Option<String> {
        let answer = self
            .client()
            .get_item()
            .table_name(TABLE)
            .key("pk", text(key))
            .key("sk", text(sort))
            .send()
            .await
            .expect("the item");
        let value = answer.item?.remove(attribute)?;
        value.as_s().ok().cloned()
    }

    fn update(
        &self,
        key: &str,
        sort: &str,
        expression: &str,
        attribute: &str,
    ) -> UpdateItemFluentBuilder {
        self.client()
            .update_item()
            .table_name(TABLE)
            .key("pk", text(key))
            .key("sk", text(sort))
            .update_expression(expression)
            .expression_attribute_names("#a", attribute)
    }
}

/// Text as an attribute.
pub fn text(text: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

async fn create_table(client: &Client) {
    let attribute = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let key = |name: &str, kind: KeyType| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    let index = |name: &str, partition: &str, sort: &str| {
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .key_schema(key(partition, KeyType::Hash))
            .key_schema(key(sort, KeyType::Range))
            .projection(
                Projection::builder()
                    .projection_type(ProjectionType::All)
                    .build(),
            )
            .build()
            .unwrap()
    };
    client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .set_attribute_definitions(Some(
            ["pk", "sk", "open", "due", "pipeline", "arrived_at"]
                .map(attribute)
                .into(),
        ))
        .global_secondary_indexes(index("open", "open", "due"))
        .global_secondary_indexes(index("by_pipeline", "pipeline", "arrived_at"))
        .send()
        .await
        .expect("the ledger's table");
}
