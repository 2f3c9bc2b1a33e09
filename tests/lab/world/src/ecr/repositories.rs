//! Creating, describing and changing repositories.

use serde_json::{Value, json};

use super::{Repository, invalid, missing_repository};
use crate::{
    World,
    call::{Answer, ApiError, Call, Place, array, epoch, page, put, text},
};

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let name = call.required(
        "repositoryName",
        "InvalidParameterException",
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must not be null'",
    )?;
    if !is_name(name) {
        return Err(invalid(format!(
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'': {name}"
        )));
    }
    let key = (call.place(), name.to_owned());
    if world.ecr.repositories.contains_key(&key) {
        return Err(ApiError::new(
            "RepositoryAlreadyExistsException",
            format!(
                "The repository with name '{name}' already exists in the registry with id '{}'",
                call.account
            ),
        ));
    }
    let repository = Repository {
        place: call.place(),
        name: name.to_owned(),
        created_at: world.now,
        mutability: mutability(call.str("imageTagMutability").unwrap_or("MUTABLE"))?,
        exclusions: call
            .member("imageTagMutabilityExclusionFilters")
            .cloned()
            .unwrap_or_default(),
        scan_on_push: call.input.pointer("/imageScanningConfiguration/scanOnPush")
            == Some(&json!(true)),
        encryption: call
            .member("encryptionConfiguration")
            .cloned()
            .unwrap_or_else(|| json!({"encryptionType": "AES256"})),
        tags: Value::from(call.list("tags").to_vec()),
        lifecycle_policy: None,
        policy: None,
        images: Vec::new(),
    };
    let answer = json!({"repository": repository.describe()});
    world.ecr.repositories.insert(key, repository);
    Ok(answer)
}

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    let registry = call.str("registryId").unwrap_or(call.account);
    let place = Place::new(registry, call.region);
    let names = call.strings("repositoryNames");
    for name in &names {
        if !world
            .ecr
            .repositories
            .contains_key(&(place.clone(), name.clone()))
        {
            return Err(missing_repository(name, registry));
        }
    }
    let found: Vec<Value> = world
        .ecr
        .repositories
        .values()
        .filter(|held| held.place == place && (names.is_empty() || names.contains(&held.name)))
        .map(Repository::describe)
        .collect();
    paged(call, "repositories", found)
}

/// A page of a list as ECR's list operations answer it.
pub(super) fn paged(call: &Call, member: &str, items: Vec<Value>) -> Answer {
    let size = usize::try_from(call.number("maxResults").unwrap_or(100)).unwrap_or(100);
    let (items, next) = page(items, call.str("nextToken"), size)
        .ok_or_else(|| invalid("Invalid parameter at 'nextToken': the token is not valid"))?;
    let mut answer = json!({member: items});
    put(&mut answer, "nextToken", next);
    Ok(answer)
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let repository = world.ecr.find(call)?;
    if !repository.images.is_empty() && call.flag("force") != Some(true) {
        return Err(ApiError::new(
            "RepositoryNotEmptyException",
            format!(
                "The repository with name '{}' in registry with id '{}' cannot be deleted because it still contains images",
                repository.name, repository.place.account
            ),
        ));
    }
    let key = (repository.place.clone(), repository.name.clone());
    let answer = json!({"repository": repository.describe()});
    world.ecr.repositories.remove(&key);
    Ok(answer)
}

pub(super) fn put_mutability(world: &mut World, call: &Call) -> Answer {
    let wanted = mutability(call.str("imageTagMutability").unwrap_or_default())?;
    let exclusions = call
        .member("imageTagMutabilityExclusionFilters")
        .cloned()
        .unwrap_or_default();
    let repository = world.ecr.find(call)?;
    repository.mutability = wanted;
    repository.exclusions = exclusions;
    Ok(json!({
        "registryId": repository.place.account,
        "repositoryName": repository.name,
        "imageTagMutability": repository.mutability,
    }))
}

pub(super) fn put_scanning(world: &mut World, call: &Call) -> Answer {
    let on = call.input.pointer("/imageScanningConfiguration/scanOnPush") == Some(&json!(true));
    let repository = world.ecr.find(call)?;
    repository.scan_on_push = on;
    Ok(json!({
        "registryId": repository.place.account,
        "repositoryName": repository.name,
        "imageScanningConfiguration": {"scanOnPush": on},
    }))
}

pub(super) fn list_tags(world: &mut World, call: &Call) -> Answer {
    Ok(json!({"tags": by_arn(world, call)?.tags}))
}

pub(super) fn tag(world: &mut World, call: &Call) -> Answer {
    let added = call.list("tags").to_vec();
    let repository = by_arn(world, call)?;
    let mut tags: Vec<Value> = repository.tags.as_array().cloned().unwrap_or_default();
    tags.retain(|held| {
        !added
            .iter()
            .any(|tag| text(tag, "Key") == text(held, "Key"))
    });
    tags.extend(added);
    repository.tags = Value::from(tags);
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, call: &Call) -> Answer {
    let keys = call.strings("tagKeys");
    let repository = by_arn(world, call)?;
    let mut tags: Vec<Value> = repository.tags.as_array().cloned().unwrap_or_default();
    tags.retain(|held| !keys.iter().any(|key| text(held, "Key") == Some(key)));
    repository.tags = Value::from(tags);
    Ok(json!({}))
}

fn by_arn<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Repository, ApiError> {
    let arn = call.str("resourceArn").unwrap_or_default();
    let place = Place::of_arn(arn).ok_or_else(|| {
        invalid("Invalid parameter at 'resourceArn' failed to satisfy constraint: 'must be an ARN'")
    })?;
    let name = arn
        .split_once(":repository/")
        .map(|(_, name)| name)
        .unwrap_or_default();
    let missing = missing_repository(name, &place.account);
    world
        .ecr
        .repositories
        .get_mut(&(place, name.to_owned()))
        .ok_or(missing)
}

fn mutability(wanted: &str) -> Result<String, ApiError> {
    const KNOWN: [&str; 4] = [
        "MUTABLE",
        "IMMUTABLE",
        "IMMUTABLE_WITH_EXCLUSION",
        "MUTABLE_WITH_EXCLUSION",
    ];
    if KNOWN.contains(&wanted) {
        return Ok(wanted.to_owned());
    }
    Err(invalid(format!(
        "Invalid parameter at 'imageTagMutability' failed to satisfy constraint: 'must be one of {KNOWN:?}'"
    )))
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>: 2 to 256
/// characters, lower-case words joined by single separators.
fn is_name(name: &str) -> bool {
    (2..=256).contains(&name.len())
        && name.split('/').all(|part| {
            let words = part.split(['.', '_', '-']);
            words.into_iter().all(|word| {
                !word.is_empty()
                    && word
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            })
        })
}

impl Repository {
    pub(super) fn describe(&self) -> Value {
        let mut described = json!({
            "repositoryArn": self.place.arn("ecr", &format!("repository/{}", self.name)),
            "registryId": self.place.account,
            "repositoryName": self.name,
            "repositoryUri": self.uri(),
            "createdAt": epoch(self.created_at),
            "imageTagMutability": self.mutability,
            "imageScanningConfiguration": {"scanOnPush": self.scan_on_push},
            "encryptionConfiguration": self.encryption,
        });
        let exclusions = json!({"filters": self.exclusions});
        if !array(&exclusions, "filters").is_empty() {
            put(
                &mut described,
                "imageTagMutabilityExclusionFilters",
                Some(self.exclusions.clone()),
            );
        }
        described
    }

    fn uri(&self) -> String {
        format!(
            "{}.dkr.ecr.{}.amazonaws.com/{}",
            self.place.account, self.place.region, self.name
        )
    }
}
