"""AUC of scikit-learn's histogram gradient boosting on a training and a test table (Parquet), as JSON."""
import json
import sys

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

train, test = (pd.read_parquet(path) for path in sys.argv[1:3])
features = [name for name in train.columns if not name.startswith("__")]
model = HistGradientBoostingClassifier(max_iter=int(sys.argv[3]), early_stopping=False, random_state=7)
model.fit(train[features], train["__label"])
scores = model.predict_proba(test[features])[:, 1]
print(json.dumps({"auc": roc_auc_score(test["__label"], scores), "rows": len(test), "features": features}))
